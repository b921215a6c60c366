import { concat, evaluate, scope, sdpa, type Tensor } from "../../ffi/index.ts";
import { onGpu } from "./device.ts";
import { gpuScoreBytes } from "./score-memory.ts";

/** Channels of a head for which MLX has a fused kernel on Metal and on CUDA. Of our networks only the picture coders have others. */
const fused: ReadonlySet<number> = new Set([64, 80, 128]);

/** Bytes of scores that attention may hold at a time, for heads of that many channels. On a CPU the shim itself bounds them. */
export const scoreLimit = (channels: number, { gpu = onGpu() } = {}): number =>
  gpu && !fused.has(channels) ? gpuScoreBytes : Number.POSITIVE_INFINITY;

/**
 * softmax(q kᵀ · scale) v for [batch, heads, length, channels]. Where MLX would write out every score it goes over the queries in
 * chunks, so that memory grows with the length and not with its square, and no array has more than 2³¹ numbers; the values are the
 * same.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, scale: number, limit?: number): Tensor {
  const [batch, heads, length, channels] = q.shape as [number, number, number, number];
  const perRow = bytesOf(q) * batch * heads * k.shape[2]!;
  const rows = Math.max(1, Math.floor((limit ?? scoreLimit(channels)) / perRow));
  if (rows >= length) return sdpa(q, k, v, { scale });
  const chunks: Tensor[] = [];
  for (let from = 0; from < length; from += rows) {
    const chunk = scope(() => {
      const part = q.slice([0, 0, from], [batch, heads, Math.min(from + rows, length)]);
      return sdpa(part, k, v, { scale });
    });
    evaluate(chunk);
    chunks.push(chunk);
  }
  return concat(chunks, 2);
}

const bytesOf = (x: Tensor): number => (x.dtype === "float32" ? 4 : 2);
