/** How the kernels in use fill up what they pack. */
import { Packed, type Products, packed, scope, zeros } from "../../../ffi/index.ts";
import { noPanels, type Panels } from "../../../src/nn/weight-memory.ts";

/** Wide enough for whole steps of every kernel. */
const columns = 64;

/** Found by packing two rows of numbers. */
export function panelsInUse(products: Products = "float32"): Panels {
  // Pairs of bfloat16 are packed as words.
  const [each, pair] = products === "float32" ? [4, 1] : [2, 2];
  const row = 16 * pair;
  const numbers = (inputs: number) =>
    scope(() => {
      const made = packed(zeros([1, inputs]), { products });
      return made instanceof Packed ? made.nbytes / each : undefined;
    });
  const whole = numbers(columns);
  if (whole === undefined) return noPanels;
  const [rows, more] = [whole / columns, numbers(columns + 1)! - whole];
  return { rows, columns: more <= row ? pair : more / rows, row };
}
