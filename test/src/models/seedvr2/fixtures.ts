import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tensor } from "../../../../ffi/index.ts";
import { openSafetensors } from "../../../../src/weights/safetensors-file.ts";

export const folder = join(import.meta.dir, "../../../fixtures/seedvr2");
export const json = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));

export interface Recorded {
  shape: readonly number[];
  values: Float32Array;
}

/** Recorded arrays by name; pictures and maps come as [1, channels, (1,) rows, columns]. */
export function recorded(file: string): (name: string) => Recorded {
  using opened = openSafetensors(join(folder, file));
  const all = new Map(
    [...opened.tensors.keys()].map((name) => {
      using tensor = opened.take(name);
      return [name, { shape: [...tensor.shape], values: tensor.read("float32") }];
    }),
  );
  return (name) => all.get(name)!;
}

/** Channels last, without the axes of one. */
export function channelsLast({ shape, values }: Recorded): Tensor {
  const [channels, rows, columns] = [shape[1]!, shape.at(-2)!, shape.at(-1)!];
  return Tensor.from(values, [channels, rows, columns]).transpose(1, 2, 0).contiguous();
}

export const numbers = (tensor: Tensor) => tensor.read("float32");
