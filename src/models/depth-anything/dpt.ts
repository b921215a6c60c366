/**
 * The head that makes depth of four taps: reassembled at four scales, fused from coarse to fine, read out at the full size. With
 * the additions of Depth Anything 3: a norm and places in the plane, a second output for confidence, and one for the sky.
 *
 * @module
 */
import { scope, type Tensor } from "../../../ffi/index.ts";
import { computed } from "../../nn/computed.ts";
import { Conv2d, Deconv2d, Pointwise, StridedConv } from "../../nn/conv.ts";
import { LayerNorm } from "../../nn/norm.ts";
import {
  bilinear,
  collect,
  conv3x3,
  each,
  held,
  ignore,
  type Rows,
  residualUnit,
  type Strips,
  strips,
  sum,
  tapRows,
} from "../../nn/rows.ts";
import type { Weights } from "../../nn/weights.ts";
import type { DptConfig } from "./config.ts";
import { withPlaces } from "./places.ts";

/** Gets the output of a named stage, which tests compare and progress counts. */
export type Tap = (name: string, value: Tensor) => void;
export type Step = (done: number, total: number) => void;

export interface DptOutput {
  /** Before any activation: [1, rows, columns, outputs]. */
  logits: Tensor;
  sky: Tensor | undefined;
}

class ResidualConvUnit {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;

  constructor(w: Weights, features: number) {
    this.conv1 = new Conv2d(w.at("conv1"), features, features, 3);
    this.conv2 = new Conv2d(w.at("conv2"), features, features, 3);
  }

  forward(x: Rows): Rows {
    return residualUnit(x, this.conv1, this.conv2);
  }
}

class FeatureFusionBlock {
  readonly resConfUnit1: ResidualConvUnit | undefined;
  readonly resConfUnit2: ResidualConvUnit;
  readonly out_conv: Pointwise;

  constructor(w: Weights, features: number, hasSkip: boolean) {
    this.resConfUnit1 = hasSkip ? new ResidualConvUnit(w.at("resConfUnit1"), features) : undefined;
    this.resConfUnit2 = new ResidualConvUnit(w.at("resConfUnit2"), features);
    this.out_conv = new Pointwise(w.at("out_conv"), features, features);
  }

  /**
   * What comes before the resizing: the last convolution is of single pixels and commutes with it, and before it there are a quarter
   * as many.
   */
  forward(x: Rows, skip: Rows | undefined): Rows {
    const fused = skip && this.resConfUnit1 ? sum(x, this.resConfUnit1.forward(skip)) : x;
    return each(this.resConfUnit2.forward(fused), (pixels) => this.out_conv.forward(pixels));
  }
}

/** A strip of the full size, in bytes: several such are alive at once, and its neighbours share but two of its rows. */
const fullBytes = 8e6;

/** 3×3, relu, 1×1. */
class Tail {
  readonly conv: Conv2d;
  readonly out: Pointwise;

  constructor(w: Weights, inputs: number, hidden: number, outputs: number) {
    this.conv = new Conv2d(w.at(0), inputs, hidden, 3);
    this.out = new Pointwise(w.at(2), hidden, outputs);
  }

  forward(x: Rows): Rows {
    return each(conv3x3(x, this.conv, { curve: "relu" }), (pixels) => this.out.forward(pixels));
  }
}

export class Dpt {
  readonly norm: LayerNorm | undefined;
  readonly projects: readonly Pointwise[];
  readonly resize_layers: readonly [Deconv2d, Deconv2d, undefined, StridedConv];
  readonly layer_rn: readonly Conv2d[];
  readonly refinenet: readonly FeatureFusionBlock[];
  readonly output_conv1: Conv2d;
  readonly output_conv2: Tail;
  readonly sky_output_conv2: Tail | undefined;

  constructor(
    w: Weights,
    readonly config: DptConfig,
  ) {
    const { inputs, channels, features, hidden, outputs, places, sky } = config;
    const scratch = w.at("scratch");
    const [c1, c2, , c4] = channels;
    const resize = w.at("resize_layers");
    this.norm = places ? new LayerNorm(w.at("norm"), inputs, 1e-5) : undefined;
    this.projects = channels.map((c, i) => new Pointwise(w.at("projects").at(i), inputs, c));
    this.resize_layers = [
      new Deconv2d(resize.at(0), c1, c1, 4),
      new Deconv2d(resize.at(1), c2, c2, 2),
      undefined,
      new StridedConv(resize.at(3), c4, c4),
    ];
    this.layer_rn = channels.map(
      (c, i) => new Conv2d(scratch.at(`layer${i + 1}_rn`), c, features, 3, { bias: false }),
    );
    this.refinenet = channels.map(
      (_, i) => new FeatureFusionBlock(scratch.at(`refinenet${i + 1}`), features, i < 3),
    );
    this.output_conv1 = new Conv2d(scratch.at("output_conv1"), features, features / 2, 3);
    this.output_conv2 = new Tail(scratch.at("output_conv2"), features / 2, hidden, outputs);
    this.sky_output_conv2 = sky
      ? new Tail(scratch.at("sky_output_conv2"), features / 2, hidden, 1)
      : undefined;
  }

  /** `rows` × `columns` is the grid of patches that the taps were taken on. */
  forward(taps: readonly Tensor[], rows: number, columns: number, step: Step, tap: Tap = ignore): DptOutput {
    const { features, patch, places } = this.config;
    const aspect = columns / rows;
    const placed = (x: Rows, channels: number) => (places ? withPlaces(x, channels, aspect) : x);
    return scope(() => {
      // A stage of this head is one step; the full-size end counts by its strips.
      const stages = 8;
      let done = 0;
      const advance = () => step(++done, stages + 1);

      const levels = taps.map((tokens, i) => {
        const level = computed(() => {
          const map = (this.norm ? this.norm.forward(tokens) : tokens).reshape(1, rows, columns, -1);
          const plain = this.projects[i]!.forward(map);
          tap(`projects.${i}`, plain);
          const projected = placed(held(plain), this.config.channels[i]!).rows(0, rows);
          const resized = this.resize_layers[i]?.forward(projected) ?? projected;
          tap(`resize_layers.${i}`, resized);
          return collect(conv3x3(held(resized), this.layer_rn[i]!), this.config.channels[i]!);
        });
        tap(`layer${i + 1}_rn`, level);
        advance();
        return level;
      });

      // Only what lies before a resizing is held.
      let fused = held(levels[3]!);
      let before: Strips | undefined;
      for (let i = 3; i >= 0; i--) {
        const skip = i < 3 ? held(levels[i]!) : undefined;
        const core = strips(this.refinenet[i]!.forward(fused, skip), features);
        before?.[Symbol.dispose]();
        levels[i]![Symbol.dispose]();
        before = core;
        const [height, width] =
          i > 0 ? (levels[i - 1]!.shape.slice(1, 3) as [number, number]) : [8 * rows, 8 * columns];
        fused = bilinear(core, height, width, { alignCorners: true });
        tapRows(tap, `refinenet${i + 1}`, fused);
        advance();
      }

      const neck = strips(conv3x3(fused, this.output_conv1), features);
      before?.[Symbol.dispose]();
      tapRows(tap, "output_conv1", neck);
      const full = placed(
        bilinear(neck, rows * patch, columns * patch, { alignCorners: true }),
        features / 2,
      );
      const { output_conv2, sky_output_conv2 } = this;
      const onStrip: Step = (at, total) => step(stages + at / total, stages + 1);
      const half = features / 2;
      const logits = collect(
        output_conv2.forward(full),
        half,
        sky_output_conv2 ? () => {} : onStrip,
        fullBytes,
      );
      const sky = sky_output_conv2 && collect(sky_output_conv2.forward(full), half, onStrip, fullBytes);
      return { logits, sky };
    });
  }
}
