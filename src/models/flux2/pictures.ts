/**
 * Between tokens and pictures.
 *
 * @module
 */
import { scope, Tensor } from "../../../ffi/index.ts";
import { type Pixels, resizePillow } from "../../images/pixels.ts";
import type { AutoencoderKl, RunOptions } from "../autoencoder-kl/autoencoder-kl.ts";
import { fitProjection, type Projection } from "../diffusion/preview.ts";
import { drawn, numbers, type Size, type Tokens, tokensTensor } from "../diffusion/tokens.ts";

/** Cells of the coder on a side of a token. */
const patch = 2;
/** Pixels on a side of a token. */
export const tokenSide = 16;
/** Pixels of a reference picture at most. */
export const referencePixels = 1024 * 1024;

/** [rows, columns, channels] to tokens of two by two cells, in the order channel, row, column. */
function pack(latents: Tensor): Tensor {
  const [height, width, channels] = latents.shape as [number, number, number];
  const [rows, columns] = [height / patch, width / patch];
  return latents
    .reshape(rows, patch, columns, patch, channels)
    .transpose(0, 2, 4, 1, 3)
    .reshape(rows * columns, channels * patch ** 2);
}

function unpack(tokens: Tensor, rows: number, columns: number): Tensor {
  const channels = tokens.shape[1]! / patch ** 2;
  return tokens
    .reshape(rows, columns, channels, patch, patch)
    .transpose(0, 3, 1, 4, 2)
    .reshape(rows * patch, columns * patch, channels);
}

/** Running statistics of a batch norm take the place of a scaling factor. */
function statisticsOf({ statistics, config }: AutoencoderKl) {
  const { mean, variance } = statistics!;
  return { mean, deviation: variance.add(config.batchNormEps).sqrt() };
}

/** Noise for a picture. The seed's numbers are those of other programs on MLX. */
export function noise({ width, height }: Size, channels: number, seed: number): Tokens {
  const [rows, columns] = [height / tokenSide, width / tokenSide];
  return scope(() => {
    const cells = drawn([channels, rows * columns], seed)
      .transpose(1, 0)
      .contiguous();
    return { data: numbers(cells), rows, columns };
  });
}

/** A picture [rows, columns, 3] in −1 … 1 to tokens. */
export function encode(vae: AutoencoderKl, picture: Tensor, options: RunOptions = {}): Tokens {
  return scope(() => {
    const latents = vae.encode(picture, options);
    const { mean, deviation } = statisticsOf(vae);
    const [rows, columns] = [latents.shape[0]! / patch, latents.shape[1]! / patch];
    return { data: numbers(pack(latents).sub(mean).div(deviation).contiguous()), rows, columns };
  });
}

/** Latents of the coder [rows, columns, channels] of tokens [tokens, channels]. */
export function cellsOf(vae: AutoencoderKl, tokens: Tensor, rows: number, columns: number): Tensor {
  const { mean, deviation } = statisticsOf(vae);
  return unpack(tokens.mul(deviation).add(mean), rows, columns);
}

/** [rows, columns, 3] in about −1 … 1. */
export function decode(vae: AutoencoderKl, tokens: Tokens, options: RunOptions = {}): Tensor {
  return scope(() => vae.decode(cellsOf(vae, tokensTensor(tokens), tokens.rows, tokens.columns), options));
}

/** [rows, columns, 3] in −1 … 1. */
export const tensorOf = ({ data, width, height }: Pixels<Uint8Array>): Tensor =>
  Tensor.from(data, [height, width, 3]).astype("float32").div(255).mul(2).sub(1);

/** A picture at a size, by Pillow's Lanczos. */
export const resized = (from: Pixels<Uint8Array>, { width, height }: Size) =>
  resizePillow(from, width, height, "lanczos");

/** A reference picture as the network sees it: shrunk when it is large, then cut from the middle to whole tokens. */
export function referenceOf(picture: Pixels<Uint8Array>): Pixels<Uint8Array> {
  const { width, height } = picture;
  const scale = Math.sqrt(referencePixels / (width * height));
  const small =
    scale < 1
      ? resized(picture, { width: Math.trunc(width * scale), height: Math.trunc(height * scale) })
      : picture;
  return middle(small, small.width - (small.width % tokenSide), small.height - (small.height % tokenSide));
}

function middle(from: Pixels<Uint8Array>, width: number, height: number): Pixels<Uint8Array> {
  if (width === from.width && height === from.height) return from;
  const { channels } = from;
  const [left, top] = [Math.floor((from.width - width) / 2), Math.floor((from.height - height) / 2)];
  const data = new Uint8Array(width * height * channels);
  for (let row = 0; row < height; row++) {
    const start = ((top + row) * from.width + left) * channels;
    data.set(from.data.subarray(start, start + width * channels), row * width * channels);
  }
  return { data, width, height, channels };
}

/** Tokens on a side of the noise that previews are fitted to. */
const previewSide = 8;

/** What a preview needs: the map, and the numbers that tokens are brought back with. */
export function previewOf(vae: AutoencoderKl): { projection: Projection; statistics: Statistics } {
  return scope(() => {
    const tokens = drawn([previewSide ** 2, vae.channels * patch ** 2], 0);
    const { mean, deviation } = statisticsOf(vae);
    return {
      projection: fitProjection(cellsOf(vae, tokens, previewSide, previewSide), (latents) =>
        vae.decode(latents),
      ),
      statistics: { mean: numbers(mean), deviation: numbers(deviation) },
    };
  });
}

/** Of the channels of a token. */
export type Statistics = { mean: Float32Array<ArrayBuffer>; deviation: Float32Array<ArrayBuffer> };

/** Cells for a preview of tokens, without the coder. */
export function cellsBy({ mean, deviation }: Statistics, tokens: Tensor, rows: number, columns: number) {
  return unpack(tokens.mul(Tensor.from(deviation)).add(Tensor.from(mean)), rows, columns);
}
