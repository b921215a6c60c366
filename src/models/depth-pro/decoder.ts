import type { Tensor } from "../../../ffi/index.ts";
import { Conv2d, Deconv2d, Pointwise } from "../../nn/conv.ts";
import {
  collect,
  conv3x3,
  deconv,
  each,
  held,
  type Rows,
  residualUnit,
  sum,
  tapRows,
} from "../../nn/rows.ts";
import type { Weights } from "../../nn/weights.ts";
import type { DepthProConfig } from "./config.ts";
import type { Tap } from "./encoder.ts";

class ResidualBlock {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;

  constructor(w: Weights, channels: number) {
    const residual = w.at("residual");
    this.conv1 = new Conv2d(residual.at(1), channels, channels, 3);
    this.conv2 = new Conv2d(residual.at(3), channels, channels, 3);
  }

  forward(x: Rows): Rows {
    return residualUnit(x, this.conv1, this.conv2);
  }
}

class FeatureFusion {
  readonly resnet1: ResidualBlock | undefined;
  readonly resnet2: ResidualBlock;
  readonly deconv: Deconv2d | undefined;
  readonly out_conv: Pointwise;

  constructor(w: Weights, channels: number, { skips, doubles }: { skips: boolean; doubles: boolean }) {
    this.resnet1 = skips ? new ResidualBlock(w.at("resnet1"), channels) : undefined;
    this.resnet2 = new ResidualBlock(w.at("resnet2"), channels);
    this.deconv = doubles ? new Deconv2d(w.at("deconv"), channels, channels, 2, { bias: false }) : undefined;
    this.out_conv = new Pointwise(w.at("out_conv"), channels, channels);
  }

  /** What comes before the doubling. */
  core(x: Rows, skip: Rows | undefined): Rows {
    return this.resnet2.forward(skip && this.resnet1 ? sum(x, this.resnet1.forward(skip)) : x);
  }

  out(core: Rows): Rows {
    const doubled = this.deconv ? deconv(core, this.deconv) : core;
    return each(doubled, (pixels) => this.out_conv.forward(pixels));
  }
}

export interface Decoded {
  /** At half the network's size, computed by rows when asked for. */
  map: Rows;
  /** The coarsest level, which the field of view is read from. */
  lowest: Tensor;
}

export class Decoder {
  readonly convs: readonly (Conv2d | undefined)[];
  readonly fusions: readonly FeatureFusion[];

  constructor(
    w: Weights,
    readonly config: DepthProConfig,
  ) {
    const { decoder, latents, features } = config;
    const inputs = [latents[0], latents[1], ...features];
    // The finest level already has the decoder's channels, as a rule.
    this.convs = inputs.map((channels, i) =>
      i === 0 && channels === decoder
        ? undefined
        : new Conv2d(w.at("convs").at(i), channels, decoder, 3, { bias: false }),
    );
    this.fusions = inputs.map(
      (_, i) => new FeatureFusion(w.at("fusions").at(i), decoder, { skips: i < 4, doubles: i > 0 }),
    );
  }

  /** Only what lies before a doubling is held: the last two levels at a quarter of their size, or by rows. */
  forward(features: readonly Rows[], step: () => void, tap: Tap): Decoded {
    const { decoder } = this.config;
    const level = (i: number): Rows => {
      const conv = this.convs[i];
      return conv ? conv3x3(features[i]!, conv) : features[i]!;
    };
    const lowest = collect(level(4), decoder);
    let below = held(lowest);
    let before: Tensor | undefined;
    for (let i = 4; i > 0; i--) {
      const skip = i < 4 ? collect(level(i), decoder) : undefined;
      const core = collect(this.fusions[i]!.core(below, skip && held(skip)), decoder);
      skip?.[Symbol.dispose]();
      before?.[Symbol.dispose]();
      before = core;
      below = this.fusions[i]!.out(held(core));
      tapRows(tap, `fusions.${i}`, below);
      step();
    }
    const map = this.fusions[0]!.out(this.fusions[0]!.core(below, level(0)));
    tapRows(tap, "fusions.0", map);
    return { map, lowest };
  }
}
