/** What plans count of packed matrices, held to what packing takes. */
import { afterAll, expect, test } from "bun:test";
import { kernels, Packed, packed, scope, useKernels, zeros } from "../../../ffi/index.ts";
import {
  amountsOf,
  noPanels,
  packedNumbers,
  weightBytes,
  widestPanels,
} from "../../../src/nn/weight-memory.ts";
import { openForTests } from "../../ffi/open.ts";
import { dice, sets } from "../../mlx-shim/sets.ts";
import { panelsInUse } from "../models/panels.ts";

openForTests();
afterAll(() => {
  if (sets.length > 0) useKernels("");
});

test.each(sets.length > 0 ? sets : [kernels()])(
  "a packed matrix takes whole panels of the kernels for %s",
  (set) => {
    if (sets.length > 0) useKernels(set);
    const panels = panelsInUse();
    const roll = dice(7);
    for (let i = 0; i < 200; i++) {
      const [rows, columns] = [roll(1, 100), roll(1, 100)];
      for (const type of ["float32", "float16", "bfloat16"] as const) {
        const took = scope(() => {
          const made = packed(zeros([rows, columns], type), { halves: true });
          return (made instanceof Packed ? made.data : made).nbytes;
        });
        const each = type === "float32" ? 4 : 2;
        expect([rows, columns, took]).toEqual([rows, columns, each * packedNumbers(rows, columns, panels)]);
        expect(took).toBeLessThanOrEqual(each * packedNumbers(rows, columns, widestPanels));
      }
    }
  },
);

test("filling counts where a matrix is packed: not in few bits, not on a GPU, not in a table that is looked up", () => {
  const table = new Map(
    Object.entries({
      "layer.weight": [85, 64],
      "ragged.weight": [33, 40],
      "tokens.weight": [10, 64],
      "pixel.weight": [3, 32, 1, 1],
      "spatial.weight": [3, 32, 3, 3],
    }).map(([name, shape]) => [name, { dtype: "F16", shape }]),
  );
  const kinds = { matrix: /weight$/, table: /tokens/ };
  const { fill } = amountsOf(table, kinds);
  expect(fill).toEqual({ matrices: 11 * 64, ragged: 64 * 64 - 33 * 40, others: 29 * 32 });
  const bytes = (options: Parameters<typeof weightBytes>[1], panels = widestPanels) =>
    weightBytes(amountsOf(table, kinds, panels), options);
  const more = (options: Parameters<typeof weightBytes>[1]) => bytes(options) - bytes(options, noPanels);
  expect(more({ bits: null, float: 4 })).toBe(4 * (fill!.matrices + fill!.ragged + fill!.others));
  expect(more({ bits: null, float: 4, half: true })).toBe(
    2 * (fill!.matrices + fill!.ragged) + 4 * fill!.others,
  );
  expect(more({ bits: 8, float: 4 })).toBe(4 * (fill!.ragged + fill!.others));
  expect(more({ bits: null, float: 2 })).toBe(0);
});
