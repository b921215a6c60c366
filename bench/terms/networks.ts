/**
 * Networks made of others: a wide Depth Pro with random weights, and networks whose attention looks more closely.
 *
 * @module
 */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

function read(folder: string): { header: Header; data: Uint8Array } {
  const file = readFileSync(join(folder, "model.safetensors"));
  const length = Number(file.readBigUInt64LE(0));
  const { __metadata__, ...header } = JSON.parse(file.toString("utf8", 8, 8 + length));
  return { header, data: new Uint8Array(file.subarray(8 + length)) };
}

function write(
  folder: string,
  tensors: readonly [name: string, shape: number[], numbers: Float32Array][],
): void {
  let at = 0;
  const header = Object.fromEntries(
    tensors.map(([name, shape, { byteLength }]) => {
      const begin = at;
      at += byteLength;
      return [name, { dtype: "F32", shape, data_offsets: [begin, at] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header).padEnd(8 * Math.ceil(JSON.stringify(header).length / 8)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const parts = tensors.map(([, , numbers]) => new Uint8Array(numbers.buffer, 0, numbers.byteLength));
  writeFileSync(join(folder, "model.safetensors"), Buffer.concat([length, text, ...parts]));
}

/** Scores of random weights are almost equal, where those of trained ones reach tens: queries are made larger. */
export function sharper(from: string, to: string, times: number): void {
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true, filter: (path) => !/\.(bin|onnx|xml|data|npy)$/.test(path) });
  const { header, data } = read(from);
  write(
    to,
    Object.entries(header).map(
      ([
        name,
        {
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const numbers = new Float32Array(data.slice(begin, end).buffer);
        return [name, shape, /attention\.query\./.test(name) ? numbers.map((one) => one * times) : numbers];
      },
    ),
  );
}

/** Every count of channels of a small network, times a factor; normal numbers that keep the size of what they multiply. */
export function wider(from: string, to: string, times: number): void {
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith(".safetensors") });
  let state = 1;
  const dice = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / (2 ** 32 + 1);
  };
  const wide = (count: number) => (count === 1 || count === 3 ? count : count * times);
  write(
    to,
    Object.entries(read(from).header).map(([name, { shape }]) => {
      const own = shape.map((count, axis) =>
        (shape.length === 4 && axis > 1) || (name.includes("position_embeddings") && axis === 1)
          ? count
          : wide(count),
      );
      const inputs = own.slice(1).reduce((a, b) => a * b, 1);
      const one = /(norm\d?|lambda1).*$/.test(name) && !name.endsWith("bias");
      const size = own.length > 1 ? 1 / Math.sqrt(inputs) : 0.1;
      const numbers = Float32Array.from({ length: own.reduce((a, b) => a * b, 1) }, () =>
        one ? 1 : size * Math.sqrt(-2 * Math.log(dice())) * Math.cos(2 * Math.PI * dice()),
      );
      return [name, own, numbers];
    }),
  );
}
