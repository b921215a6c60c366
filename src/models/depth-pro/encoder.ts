/**
 * The encoder sees the picture at three scales, in patches that overlap, and once whole.
 *
 * @module
 */
import { concat, dispose, type Tensor } from "../../../ffi/index.ts";
import { computed } from "../../nn/computed.ts";
import { Deconv2d, Pointwise } from "../../nn/conv.ts";
import { onGpu } from "../../nn/device.ts";
import { resize } from "../../nn/interpolate.ts";
import { deconv, each, held, type Rows } from "../../nn/rows.ts";
import { Vit } from "../../nn/vit.ts";
import type { Weights } from "../../nn/weights.ts";
import type { DepthProConfig } from "./config.ts";

/** Gets the output of a named stage, which tests compare. */
export type Tap = (name: string, value: Tensor) => void;
/** Gets the work done since the last call, in blocks of one patch. */
export type Work = (amount: number) => void;

export interface Encoded {
  /** Maps that the decoder fuses, from fine to coarse; the fine ones are computed by rows when they are asked for. */
  features: readonly [Rows, Rows, Rows, Rows, Rows];
  /** The whole picture at the encoder's size. */
  small: Tensor;
}

/** How many patches go through the encoder at once. */
const patchesAtOnce = () => (onGpu() ? 35 : 7);

/** A projection of the channels, then doublings of the size. */
class Upsample {
  readonly project: Pointwise;
  readonly doublings: readonly Deconv2d[];

  constructor(w: Weights, inputs: number, between: number, outputs: number, count: number) {
    this.project = new Pointwise(w.at(0), inputs, between, { bias: false });
    this.doublings = Array.from(
      { length: count },
      (_, i) => new Deconv2d(w.at(i + 1), i === 0 ? between : outputs, outputs, 2, { bias: false }),
    );
  }

  forward(x: Rows): Rows {
    const projected = each(x, (pixels) => this.project.forward(pixels));
    return this.doublings.reduce((map, layer) => deconv(map, layer), projected);
  }
}

export class Encoder {
  readonly patch_encoder: Vit;
  readonly image_encoder: Vit;
  readonly upsample_latent0: Upsample;
  readonly upsample_latent1: Upsample;
  readonly upsample0: Upsample;
  readonly upsample1: Upsample;
  readonly upsample2: Upsample;
  readonly upsample_lowres: Deconv2d;
  readonly fuse_lowres: Pointwise;

  /** The transformers compute in `w`'s type, all else in `exact`'s. */
  constructor(
    w: Weights,
    exact: Weights,
    readonly config: DepthProConfig,
  ) {
    const { patchEncoder, imageEncoder, decoder, latents, features } = config;
    const { dim } = patchEncoder;
    const between = (name: string) => exact.shape(`${name}.0.weight`)?.[0] ?? decoder;
    const up = (name: string, outputs: number, count: number) =>
      new Upsample(exact.at(name), dim, between(name), outputs, count);
    this.patch_encoder = new Vit(w.at("patch_encoder"), patchEncoder);
    this.image_encoder = new Vit(w.at("image_encoder"), imageEncoder);
    this.upsample_latent0 = up("upsample_latent0", latents[0], 3);
    this.upsample_latent1 = up("upsample_latent1", latents[1], 2);
    this.upsample0 = up("upsample0", features[0], 1);
    this.upsample1 = up("upsample1", features[1], 1);
    this.upsample2 = up("upsample2", features[2], 1);
    this.upsample_lowres = new Deconv2d(exact.at("upsample_lowres"), imageEncoder.dim, features[2], 2);
    this.fuse_lowres = new Pointwise(exact.at("fuse_lowres"), 2 * features[2], features[2]);
  }

  /** Blocks of patches that `forward` goes through. */
  get work(): number {
    return this.config.patchEncoder.depth * patchCount + this.config.imageEncoder.depth;
  }

  forward(pixels: Tensor, work: Work, tap: Tap): Encoded {
    const { size, trim, patchEncoder } = this.config;
    const { grid } = patchEncoder;
    const half = computed(() => resize(pixels, size / 2, size / 2, "bilinear"));
    const small = computed(() => resize(pixels, size / 4, size / 4, "bilinear"));
    const { last, coarse, fine } = this.#encodePatches(pixels, half, small, work, tap);

    const map = (patches: readonly Tensor[], cut: number, side: number) =>
      held(computed(() => fitted(merge(patches, Math.min(cut, grid >> 2)), side)));
    const latent0 = map(fine, trim, 4 * grid);
    const latent1 = map(coarse, trim, 4 * grid);
    const x0 = map(last.slice(0, 25), trim, 4 * grid);
    const x1 = map(last.slice(25, 34), 2 * trim, 2 * grid);
    const x2 = held(last[34]!);

    dispose([half, fine, coarse, last.slice(0, 34)]);

    const { taps } = this.image_encoder.forward(small, () => work(1));
    const whole = computed(() => square(taps[0]!, grid));
    tap("image_encoder", taps[0]!);
    const lowest = computed(() => {
      const seen = this.upsample2.forward(x2);
      const both = concat([seen.rows(0, 2 * grid), this.upsample_lowres.forward(whole)], 3);
      return this.fuse_lowres.forward(both);
    });
    tap("fuse_lowres", lowest);
    return {
      features: [
        this.upsample_latent0.forward(latent0),
        this.upsample_latent1.forward(latent1),
        this.upsample0.forward(x0),
        this.upsample1.forward(x1),
        held(lowest),
      ],
      small,
    };
  }

  /** Maps [1, grid, grid, channels] of all patches: the last outputs, and of the finest 25 those of the two inner blocks. */
  #encodePatches(full: Tensor, half: Tensor, small: Tensor, work: Work, tap: Tap) {
    const { grid, patch } = this.config.patchEncoder;
    const side = grid * patch;
    const cuts = [
      ...windows(5, 0.75 * side).map((at) => [full, at] as const),
      ...windows(3, 0.5 * side).map((at) => [half, at] as const),
      [small, [0, 0]] as const,
    ];
    const [last, coarse, fine]: Tensor[][] = [[], [], []];
    for (let from = 0; from < cuts.length; from += patchesAtOnce()) {
      const part = cuts.slice(from, from + patchesAtOnce());
      const batch = computed(() =>
        concat(
          part.map(([source, [y, x]]) => source.slice([0, y, x], [1, y + side, x + side])),
          0,
        ),
      );
      const { taps } = this.patch_encoder.forward(batch, (block, tokens) => {
        tap(`patch_encoder.blocks.${block}.${from}`, tokens);
        work(part.length);
      });
      batch[Symbol.dispose]();
      tap(`patch_encoder.${from}`, taps[0]!);
      const [end, eleven, five] = taps as [Tensor, Tensor, Tensor];
      for (let i = 0; i < part.length; i++) {
        last!.push(computed(() => square(end.slice([i], [i + 1]), grid)));
        if (from + i >= 25) continue;
        coarse!.push(computed(() => square(eleven.slice([i], [i + 1]), grid)));
        fine!.push(computed(() => square(five.slice([i], [i + 1]), grid)));
      }
      for (const tensor of taps) tensor[Symbol.dispose]();
    }
    return { last: last!, coarse: coarse!, fine: fine! };
  }
}

/** 5 × 5 of the full size, 3 × 3 of half of it, one of a quarter. */
const patchCount = 35;

/** Corners of `count` × `count` windows, row by row. */
function windows(count: number, stride: number): (readonly [y: number, x: number])[] {
  return Array.from({ length: count * count }, (_, i) => [
    Math.floor(i / count) * stride,
    (i % count) * stride,
  ]);
}

/** Tokens as the map that they are. */
const square = (tokens: Tensor, grid: number): Tensor =>
  tokens.astype("float32").reshape(tokens.shape[0]!, grid, grid, tokens.shape[2]!).contiguous();

/** Joins patches that overlap: `cut` tokens go from every edge at which two meet. */
function merge(patches: readonly Tensor[], cut: number): Tensor {
  const count = Math.sqrt(patches.length);
  const rows = Array.from({ length: count }, (_, y) =>
    concat(
      Array.from({ length: count }, (_, x) => {
        const patch = patches[y * count + x]!;
        const [, height, width] = patch.shape as [number, number, number];
        const low = [0, y === 0 ? 0 : cut, x === 0 ? 0 : cut];
        return patch.slice(low, [
          1,
          height - (y === count - 1 ? 0 : cut),
          width - (x === count - 1 ? 0 : cut),
        ]);
      }),
      2,
    ),
  );
  return concat(rows, 1);
}

const fitted = (map: Tensor, side: number): Tensor =>
  map.shape[1] === side && map.shape[2] === side ? map : resize(map, side, side, "bilinear");
