import type { Tensor } from "../../../ffi/index.ts";
import { computed } from "../../nn/computed.ts";
import { Conv2d } from "../../nn/conv.ts";
import { Linear } from "../../nn/linear.ts";
import { Vit } from "../../nn/vit.ts";
import type { Weights } from "../../nn/weights.ts";
import type { DepthProConfig } from "./config.ts";
import type { Tap, Work } from "./encoder.ts";

/** Reads the horizontal field of view, in degrees, out of the small picture and the coarsest level of the decoder. */
export class FieldOfViewNetwork {
  readonly encoder: Vit;
  readonly project: Linear;
  readonly downsample: Conv2d;
  readonly head: readonly Conv2d[];

  constructor(
    w: Weights,
    exact: Weights,
    readonly config: DepthProConfig,
  ) {
    const vit = config.fovEncoder!;
    const channels = exact.shape("encoder.1.weight")?.[0] ?? config.decoder / 2;
    this.encoder = new Vit(w.at("encoder").at(0), vit);
    this.project = new Linear(exact.at("encoder").at(1), vit.dim, channels);
    this.downsample = new Conv2d(exact.at("downsample").at(0), config.decoder, channels, 3, {
      stride: 2,
      padding: 1,
    });
    const layers: Conv2d[] = [];
    // Every other place of the head is an activation. The last convolution takes the whole map.
    for (let i = 0; exact.has(`head.${i}.weight`); i += 2) {
      const [outputs, inputs, kernel] = exact.shape(`head.${i}.weight`) as [number, number, number, number];
      const last = !exact.has(`head.${i + 2}.weight`);
      const form = last ? {} : { stride: 2, padding: 1 };
      layers.push(new Conv2d(exact.at("head").at(i), inputs, outputs, kernel, form));
    }
    this.head = layers;
  }

  get work(): number {
    return this.config.fovEncoder!.depth;
  }

  forward(small: Tensor, lowest: Tensor, work: Work, tap: Tap): number {
    const { grid } = this.config.fovEncoder!;
    const { taps } = this.encoder.forward(small, () => work(1));
    const seen = computed(() => {
      const tokens = this.project.forward(taps[0]!.astype("float32"));
      return tokens.reshape(1, grid, grid, tokens.shape[2]!);
    });
    tap("fov.encoder", seen);
    let x = computed(() => this.downsample.forward(lowest, { curve: "relu", residual: seen }));
    for (const [i, layer] of this.head.entries())
      x = computed(() => (i < this.head.length - 1 ? layer.forward(x, { curve: "relu" }) : layer.forward(x)));
    return x.item();
  }
}
