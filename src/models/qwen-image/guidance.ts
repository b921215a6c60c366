import type { Tensor } from "../../../ffi/index.ts";

/**
 * Away from the negative prompt: [tokens, channels] of both predictions to one. Each token keeps the length that it has under the
 * prompt, so that strong guidance does not oversaturate.
 */
export function guide(positive: Tensor, negative: Tensor, guidance: number): Tensor {
  const combined = negative.add(positive.sub(negative).mul(guidance));
  return combined.mul(length(positive).div(length(combined).maximum(1e-12)));
}

const length = (x: Tensor) => x.square().sum(-1, true).sqrt();
