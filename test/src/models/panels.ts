/** How the kernels in use fill up what they pack. */
import { Packed, packed, scope, zeros } from "../../../ffi/index.ts";
import { noPanels, type Panels } from "../../../src/nn/weight-memory.ts";

/** Wide enough for whole steps of every kernel. */
const columns = 64;
/** Packed numbers lie in rows of so many. */
const row = 16;

/** Found by packing two rows of numbers. */
export function panelsInUse(): Panels {
  const numbers = (inputs: number) =>
    scope(() => {
      const made = packed(zeros([1, inputs]));
      return made instanceof Packed ? made.nbytes / 4 : undefined;
    });
  const whole = numbers(columns);
  if (whole === undefined) return noPanels;
  const [rows, more] = [whole / columns, numbers(columns + 1)! - whole];
  return { rows, columns: more <= row ? 1 : more / rows };
}
