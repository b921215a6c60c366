/**
 * Between tokens and pictures.
 *
 * @module
 */
import { scope, type Tensor } from "../../../ffi/index.ts";
import type { AutoencoderKl, RunOptions } from "../autoencoder-kl/autoencoder-kl.ts";
import { fitProjection, type Projection } from "../diffusion/preview.ts";
import { drawn, numbers, type Size, type Tokens, tokensTensor } from "../diffusion/tokens.ts";

/** Cells of latents on a side of a token. */
const patch = 2;
/** Pixels on a side of a token. */
export const tokenSide = 16;

/** [rows, columns, channels] to tokens of two by two cells, in the order row, column, channel. */
export function pack(latents: Tensor): Tensor {
  const [height, width, channels] = latents.shape as [number, number, number];
  const [rows, columns] = [height / patch, width / patch];
  return latents
    .reshape(rows, patch, columns, patch, channels)
    .transpose(0, 2, 1, 3, 4)
    .reshape(rows * columns, patch ** 2 * channels);
}

export function unpack(tokens: Tensor, rows: number, columns: number): Tensor {
  const channels = tokens.shape[1]! / patch ** 2;
  return tokens
    .reshape(rows, columns, patch, patch, channels)
    .transpose(0, 2, 1, 3, 4)
    .reshape(rows * patch, columns * patch, channels);
}

/** Noise for a picture. The seed's numbers are those of other programs on MLX. */
export function noise({ width, height }: Size, channels: number, seed: number): Tokens {
  const [rows, columns] = [height / tokenSide, width / tokenSide];
  return scope(() => {
    const cells = drawn([channels, rows * patch, columns * patch], seed).transpose(1, 2, 0);
    return { data: numbers(pack(cells).contiguous()), rows, columns };
  });
}

/** Latents as the transformer has them to those of the coder. */
function restored(vae: AutoencoderKl, latents: Tensor): Tensor {
  const { scaling, shift } = vae.config;
  return latents.div(scaling ?? 1).add(shift ?? 0);
}

/** [rows, columns, 3] in about −1 … 1. */
export function decode(vae: AutoencoderKl, tokens: Tokens, options: RunOptions = {}): Tensor {
  return scope(() =>
    vae.decode(restored(vae, unpack(tokensTensor(tokens), tokens.rows, tokens.columns)), options),
  );
}

/** Cells on a side of the noise that previews are fitted to. */
const previewSide = 16;

export const previewOf = (vae: AutoencoderKl): Projection =>
  scope(() =>
    fitProjection(drawn([previewSide, previewSide, vae.channels], 0), (latents) =>
      vae.decode(restored(vae, latents)),
    ),
  );
