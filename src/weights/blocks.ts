/**
 * Numbers that files keep in blocks or in 8 bits, widened to float32 exactly as the programs that wrote them do it.
 *
 * @module
 */
import { concat, evaluate, scope, Tensor } from "../../ffi/index.ts";

export const blockTypes = {
  Q8_0: { numbers: 32, bytes: 34 },
  Q4_0: { numbers: 32, bytes: 18 },
  Q4_K: { numbers: 256, bytes: 144 },
  F8_E4M3: { numbers: 1, bytes: 1 },
} as const;
export type BlockType = keyof typeof blockTypes;

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
/** The quotient and the rest of bytes by a power of two. */
function split(bytes: Tensor, by: number): [high: Tensor, low: Tensor] {
  const values = bytes.astype("float32");
  const high = values.mul(1 / by).floor();
  return [high, values.sub(high.mul(by))];
}

const widen: Record<BlockType, (block: Tensor) => Tensor> = {
  Q8_0(block) {
    const bytes = part(block, 2, 34).astype("float32");
    const signed = bytes.sub(bytes.greater(127).astype("float32").mul(256));
    return half(block, 0).mul(signed);
  },

  Q4_0(block) {
    const [high, low] = split(part(block, 2, 18), 16);
    return half(block, 0).mul(concat([low, high], 1).sub(8));
  },

  Q4_K(block) {
    const count = block.shape[0]!;
    const [scaleHigh, scaleLow] = split(part(block, 4, 8), 64);
    const [leastHigh, leastLow] = split(part(block, 8, 12), 64);
    const [high, low] = split(part(block, 12, 16), 16);
    const scales = concat([scaleLow, low.add(scaleHigh.mul(16))], 1);
    const least = concat([leastLow, high.add(leastHigh.mul(16))], 1);
    const [above, below] = split(part(block, 16, 144).reshape(count, 4, 32), 16);
    const values = concat([below.expandDims(2), above.expandDims(2)], 2).reshape(count, 8, 32);
    const step = half(block, 0).mul(scales).reshape(count, 8, 1);
    return step.mul(values).sub(half(block, 2).mul(least).reshape(count, 8, 1));
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
