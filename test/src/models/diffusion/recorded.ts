import { join } from "node:path";
import { Tensor } from "../../../../ffi/index.ts";
import { openSafetensors } from "../../../../src/weights/safetensors-file.ts";

export const fixtures = join(import.meta.dir, "../../../fixtures");
export const zimage = join(fixtures, "zimage");
export const flux2 = join(fixtures, "flux2");

export interface Recorded {
  shape: readonly number[];
  values: Float32Array;
}

/** What a reference program recorded. */
export function recorded(folder: string, file: string): { get(name: string): Recorded; names: string[] } {
  using opened = openSafetensors(join(folder, file));
  const all = new Map(
    [...opened.tensors.keys()].map((name) => {
      using tensor = opened.take(name);
      return [name, { shape: [...tensor.shape], values: tensor.read("float32") }];
    }),
  );
  return {
    names: [...all.keys()],
    get(name) {
      const found = all.get(name);
      if (!found) throw new Error(`${file} has no ${name}`);
      return found;
    },
  };
}

export const tensor = ({ shape, values }: Recorded) => Tensor.from(values, shape);
/** Without the batch. */
export const single = ({ shape, values }: Recorded) => Tensor.from(values, shape.slice(1));

/** A map [(1,) channels, rows, columns] with its channels last. */
export function channelsLast({ shape, values }: Recorded): Tensor {
  return Tensor.from(values, shape.slice(-3)).transpose(1, 2, 0).contiguous();
}

export const numbers = (tensor: Tensor) => tensor.contiguous().read("float32");
