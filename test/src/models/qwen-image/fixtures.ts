import { join } from "node:path";
import { Tensor } from "../../../../ffi/index.ts";
import { openSafetensors } from "../../../../src/weights/safetensors-file.ts";

export const folder = join(import.meta.dir, "../../../fixtures/qwen");
export const model = join(folder, "image");

export interface Recorded {
  shape: readonly number[];
  values: Float32Array;
}

/** What the reference program recorded. */
export function recorded(file: string): { get(name: string): Recorded; names: string[] } {
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

/** Without the batch. */
export const single = ({ shape, values }: Recorded) => Tensor.from(values, shape.slice(1));

/** A map [1, channels, (1,) rows, columns] with its channels last. */
export function channelsLast({ shape, values }: Recorded): Tensor {
  const [channels, rows, columns] = [shape[1]!, shape.at(-2)!, shape.at(-1)!];
  return Tensor.from(values, [channels, rows, columns]).transpose(1, 2, 0).contiguous();
}

export const numbers = (tensor: Tensor) => tensor.read("float32");
