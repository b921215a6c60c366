/**
 * Numbers that files keep in blocks or in 8 bits, widened to float32 exactly as the programs that wrote them do it.
 *
 * @module
 */
import { concat, evaluate, scope, Tensor } from "../../ffi/index.ts";
import { type BlockType, blockTypes } from "./block-types.ts";

/** Numbers that are widened at once: what is alive beside the result stays small. */
const piece = 2 ** 22;

/** The numbers in a range of bytes, as [count]. `read` gives bytes from a place in that range. */
export function widened(
  type: BlockType,
  count: number,
  read: (offset: number, length: number) => Tensor,
): Tensor {
  const { numbers, bytes } = blockTypes[type];
  const pieces: Tensor[] = [];
  for (let at = 0; at < count; at += piece) {
    const blocks = Math.min(piece, count - at) / numbers;
    const made = scope(() => {
      const block = read((at / numbers) * bytes, blocks * bytes).reshape(blocks, bytes);
      const values = widen[type](block)
        .reshape(blocks * numbers)
        .contiguous();
      evaluate(values);
      return values;
    });
    pieces.push(made);
  }
  return pieces.length === 1 ? pieces[0]! : concat(pieces, 0);
}

/** Some bytes of each block. */
const part = (block: Tensor, from: number, to: number) =>
  block.slice([0, from], [block.shape[0]!, to]).contiguous();
const half = (block: Tensor, from: number) =>
  part(block, from, from + 2)
    .view("float16")
    .astype("float32");
const signed = (block: Tensor, from: number, to: number) => {
  const bytes = part(block, from, to).astype("float32");
  return bytes.sub(bytes.greater(127).astype("float32").mul(256));
};

/** The fields of so many bits in each byte, the lowest first: [blocks, bytes] in `rows` becomes [blocks, rows, fields, bytes]. */
function fields(bytes: Tensor, width: 1 | 2 | 4, rows = 1): Tensor {
  const [blocks, length] = bytes.shape as [number, number];
  const base = 2 ** width;
  const found: Tensor[] = [];
  let rest = bytes.astype("float32").reshape(blocks, rows, 1, length / rows);
  for (let left = 8 / width; left > 1; left--) {
    const above = rest.mul(1 / base).floor();
    found.push(rest.sub(above.mul(base)));
    rest = above;
  }
  return concat([...found, rest], 2);
}

/** Half bytes of a block of 32 numbers: the low ones are the first 16. */
const nibbles = (block: Tensor, from: number) =>
  fields(part(block, from, from + 16), 4).reshape(block.shape[0]!, 32);
/** The same with a fifth bit, which stands before them in 32 bits of their own. */
const nibblesOfFive = (block: Tensor, from: number) =>
  nibbles(block, from + 4).add(
    fields(part(block, from, from + 4), 1)
      .reshape(block.shape[0]!, 8, 4)
      .transpose(0, 2, 1)
      .reshape(block.shape[0]!, 32)
      .mul(16),
  );

/** Eight steps and eight least values of six bits each, multiplied by the block's two halves: [blocks, 8, 1]. */
function stepsAndLeast(block: Tensor): [steps: Tensor, least: Tensor] {
  const count = block.shape[0]!;
  const last = fields(part(block, 12, 16), 4).reshape(count, 2, 4);
  const of = (from: number, which: 0 | 1) => {
    const bytes = part(block, from, from + 4).astype("float32");
    const high = bytes.mul(1 / 64).floor();
    const low = last.slice([0, which, 0], [count, which + 1, 4]).reshape(count, 4);
    return concat([bytes.sub(high.mul(64)), low.add(high.mul(16))], 1);
  };
  const scaled = (at: number, values: Tensor) => half(block, at).mul(values).reshape(count, 8, 1);
  return [scaled(0, of(4, 0)), scaled(2, of(8, 1))];
}

const widen: Record<BlockType, (block: Tensor) => Tensor> = {
  Q8_0: (block) => half(block, 0).mul(signed(block, 2, 34)),

  Q4_0: (block) => half(block, 0).mul(nibbles(block, 2).sub(8)),

  Q4_1: (block) => half(block, 0).mul(nibbles(block, 4)).add(half(block, 2)),

  Q5_0: (block) => half(block, 0).mul(nibblesOfFive(block, 2).sub(16)),

  Q5_1: (block) => half(block, 0).mul(nibblesOfFive(block, 4)).add(half(block, 2)),

  Q2_K(block) {
    const count = block.shape[0]!;
    const both = fields(part(block, 0, 16), 4);
    const scaled = (at: number, which: 0 | 1) =>
      half(block, at)
        .mul(both.slice([0, 0, which, 0], [count, 1, which + 1, 16]).reshape(count, 16))
        .reshape(count, 16, 1);
    const values = fields(part(block, 16, 80), 2, 2).reshape(count, 16, 16);
    return scaled(80, 0).mul(values).sub(scaled(82, 1));
  },

  Q3_K(block) {
    const count = block.shape[0]!;
    const low = fields(part(block, 96, 104), 4).reshape(count, 16);
    const high = fields(part(block, 104, 108), 2).reshape(count, 16);
    const steps = half(block, 108)
      .mul(low.add(high.mul(16)).sub(32))
      .reshape(count, 16, 1);
    const values = fields(part(block, 32, 96), 2, 2).reshape(count, 16, 16);
    const set = fields(part(block, 0, 32), 1).reshape(count, 16, 16);
    return steps.mul(values.add(set.mul(4)).sub(4));
  },

  Q4_K(block) {
    const [steps, least] = stepsAndLeast(block);
    const values = fields(part(block, 16, 144), 4, 4).reshape(block.shape[0]!, 8, 32);
    return steps.mul(values).sub(least);
  },

  Q5_K(block) {
    const count = block.shape[0]!;
    const [steps, least] = stepsAndLeast(block);
    const fifth = fields(part(block, 16, 48), 1).reshape(count, 8, 32);
    const values = fields(part(block, 48, 176), 4, 4).reshape(count, 8, 32);
    return steps.mul(values.add(fifth.mul(16))).sub(least);
  },

  Q6_K(block) {
    const count = block.shape[0]!;
    const low = fields(part(block, 0, 128), 4, 2).reshape(count, 8, 32);
    const high = fields(part(block, 128, 192), 2, 2).reshape(count, 8, 32);
    const steps = half(block, 208)
      .mul(signed(block, 192, 208))
      .reshape(count, 16, 1);
    return steps.mul(low.add(high.mul(16)).sub(32).reshape(count, 16, 16));
  },

  F8_E4M3: (block) => float8Table().take(block.reshape(block.size).astype("int32"), 0),
};

const float8Table = () =>
  Tensor.from(
    Float32Array.from({ length: 256 }, (_, bits) => float8(bits)),
    [256],
  );

/** A number of 8 bits: sign, 4 of exponent, 3 of mantissa; it has no infinity, and one NaN of each sign. */
function float8(bits: number): number {
  const sign = bits & 0x80 ? -1 : 1;
  const [exponent, mantissa] = [(bits >> 3) & 0xf, bits & 7];
  if (exponent === 0xf && mantissa === 7) return Number.NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7));
}
