/**
 * Edits that repaint a part of a picture: at every step the rest is put back under the noise that is left, and at the end its pixels
 * are pasted back.
 *
 * @module
 */
import { scope, Tensor } from "../../../ffi/index.ts";
import { type Tokens, tokensTensor } from "./tokens.ts";

/** Pixels on a side of a latent cell; a token is two by two cells. */
const cell = 8;
const patch = 2;

export interface Kept {
  clean: Tokens;
  noise: Tokens;
  /** A byte a pixel, 0 where the picture stays and 255 where it is made anew. A cell that is white in part is mixed by its mean. */
  mask: Uint8Array;
}

/** Latents with the kept part put back, under noise of amount `sigma`. */
export type Keep = (latents: Tensor, sigma: number) => Tensor;

/** Without a kept part it changes nothing. Tensors belong to the scope that it is called in. */
export function keeping(kept: Kept | undefined): Keep {
  if (!kept) return (latents) => latents;
  const { clean, noise, mask } = kept;
  const { rows, columns } = clean;
  const channels = clean.data.length / (rows * columns);
  const [stays, drawn] = [tokensTensor(clean), tokensTensor(noise)];
  const made = scope(() =>
    Tensor.from(mask, [patch * rows, cell, patch * columns, cell])
      .astype("float32")
      .mean([1, 3])
      .div(255)
      .reshape(rows, patch, columns, patch)
      .transpose(0, 2, 1, 3)
      // In the order of a token's numbers: channel, row, column.
      .reshape(rows * columns, 1, patch ** 2)
      .broadcastTo(rows * columns, channels / patch ** 2, patch ** 2)
      .reshape(rows * columns, channels)
      .contiguous(),
  );
  const rest = made.mul(-1).add(1);
  return (latents, sigma) =>
    latents.mul(made).add(
      stays
        .mul(1 - sigma)
        .add(drawn.mul(sigma))
        .mul(rest),
    );
}
