import { concat, evaluate, scope, sdpa, type Tensor } from "../../ffi/index.ts";
import { piecewise } from "./device.ts";

/** Bytes of scores that are held at a time on the CPU, where MLX writes them all out. */
const scoreBytes = 32e6;

/**
 * softmax(q kᵀ · scale) v for [batch, heads, length, channels]. On the CPU it goes over the queries in chunks, so that memory
 * grows with the length and not with its square; the values are the same.
 */
export function attention(q: Tensor, k: Tensor, v: Tensor, scale: number, limit = scoreBytes): Tensor {
  const [batch, heads, length] = q.shape as [number, number, number];
  const rows = Math.max(1, Math.floor(limit / (4 * batch * heads * k.shape[2]!)));
  if (!piecewise() || rows >= length) return sdpa(q, k, v, { scale });
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
