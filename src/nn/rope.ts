import { concat, stack, Tensor } from "../../ffi/index.ts";

/** Rotations of tokens at places in the plane: the first half of a head turns by the row, the second by the column. */
export interface Rotation {
  /** [tokens, 2, quarter of a head] */
  cos: Tensor;
  sin: Tensor;
}

/** `places` holds row and column of each token. */
export function rotation2d(
  places: readonly (readonly [number, number])[],
  head: number,
  base: number,
): Rotation {
  const quarter = head / 4;
  const angles = places.flatMap((place) =>
    place.flatMap((position) =>
      Array.from({ length: quarter }, (_, j) => position * base ** ((-2 * j) / (2 * quarter))),
    ),
  );
  const shape = [places.length, 2, quarter];
  return {
    cos: Tensor.from(Float32Array.from(angles, Math.cos), shape),
    sin: Tensor.from(Float32Array.from(angles, Math.sin), shape),
  };
}

/** Turns [batch, heads, tokens, head]: channel j of each half pairs with channel j + a quarter. */
export function rotate(x: Tensor, { cos, sin }: Rotation): Tensor {
  const [batch, heads, tokens, head] = x.shape as [number, number, number, number];
  const pairs = x.reshape(batch, heads, tokens, 2, 2, head / 4);
  const a = pairs.at(0, 4);
  const b = pairs.at(1, 4);
  const turned = stack([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], 4);
  return turned.reshape(batch, heads, tokens, head).astype(x.dtype);
}

/** Cosines and sines of [tokens, pairs]. */
export interface PairRotation {
  cos: Tensor;
  sin: Tensor;
}

/** Turns neighbouring pairs of the first channels of [batch, heads, tokens, head]; the rest passes. */
export function rotatePairs(x: Tensor, { cos, sin }: PairRotation): Tensor {
  const [batch, heads, tokens, head] = x.shape as [number, number, number, number];
  const turned = 2 * cos.shape[1]!;
  const pairs = x.slice([], [batch, heads, tokens, turned]).reshape(batch, heads, tokens, turned / 2, 2);
  const a = pairs.at(0, 4).astype("float32");
  const b = pairs.at(1, 4).astype("float32");
  const front = stack([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], 4)
    .reshape(batch, heads, tokens, turned)
    .astype(x.dtype);
  return turned === head ? front : concat([front, x.slice([0, 0, 0, turned])], 3);
}

/** Turns [batch, heads, tokens, head]: channel j pairs with channel j + half a head. */
export function rotateHalves(x: Tensor, { cos, sin }: PairRotation): Tensor {
  const half = x.shape[3]! / 2;
  const a = x.slice([], [...x.shape.slice(0, 3), half]).astype("float32");
  const b = x.slice([0, 0, 0, half]).astype("float32");
  return concat([a.mul(cos).sub(b.mul(sin)), b.mul(cos).add(a.mul(sin))], 3).astype(x.dtype);
}
