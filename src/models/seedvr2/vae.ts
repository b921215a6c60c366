import { groupNorm, linear, type Packed, type Tensor } from "../../../ffi/index.ts";
import { attention } from "../../nn/attention.ts";
import { type Layer, type Layers, Mid, Resnet, stage, type Tap } from "../../nn/autoencoder.ts";
import { computed } from "../../nn/computed.ts";
import { Conv2d } from "../../nn/conv.ts";
import { Linear } from "../../nn/linear.ts";
import type { Weights } from "../../nn/weights.ts";

const groups = 32;
const eps = 1e-6;
const scalingFactor = 0.9152;
const latentChannels = 16;
const levels = 4;

/**
 * The autoencoder of SeedVR2. It was made for video: its causal convolutions repeat the first frame as padding. For a still, every
 * tap sees the same frame, so kernels are summed over time at load and everything runs in 2-D.
 */
export class Vae implements Disposable {
  readonly encoder: Encoder;
  readonly decoder: Decoder;

  constructor(private readonly weights: Weights) {
    const w = weights;
    const width = (name: string) => w.shape(name)?.[0] ?? w.checkpoint.fail(`it has no ${name}`);
    const widths = Array.from({ length: levels }, (_, i) =>
      width(`encoder.down_blocks.${i}.resnets.0.conv1.weight`),
    );
    this.encoder = new Encoder(w.at("encoder"), widths);
    this.decoder = new Decoder(w.at("decoder"), widths);
  }

  /** [rows, columns, 3] in −1 … 1 to [rows / 8, columns / 8, 16]. */
  encode(picture: Tensor, tap: Tap = () => {}): Tensor {
    return computed(() => {
      const moments = this.encoder.forward(picture.expandDims(0).astype(this.weights.options.dtype), tap);
      return moments
        .at(0)
        .slice([0, 0, 0], [...moments.shape.slice(1, 3), latentChannels])
        .mul(scalingFactor)
        .astype("float32")
        .contiguous();
    });
  }

  /** [rows, columns, 16] to [8 rows, 8 columns, 3], about −1 … 1. */
  decode(latents: Tensor, tap: Tap = () => {}): Tensor {
    return computed(() => {
      const z = latents.div(scalingFactor).expandDims(0).astype(this.weights.options.dtype);
      return this.decoder.forward(z, tap).at(0).astype("float32").contiguous();
    });
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }
}

class Encoder {
  readonly conv_in: Conv;
  readonly down_blocks: { resnets: Resnet[]; downsamplers: Downsampler[] }[];
  readonly mid_block: Mid;
  readonly conv_norm_out: Norm;
  readonly conv_out: Conv;

  constructor(w: Weights, widths: readonly number[]) {
    const last = widths.at(-1)!;
    this.conv_in = new Conv(w.at("conv_in"), 3, widths[0]!);
    this.down_blocks = widths.map((width, i) => {
      const block = w.at("down_blocks").at(i);
      return {
        resnets: [0, 1].map(
          (r) =>
            new Resnet(layers, block.at("resnets").at(r), r === 0 ? (widths[i - 1] ?? width) : width, width),
        ),
        downsamplers: i < levels - 1 ? [new Downsampler(block.at("downsamplers").at(0), width)] : [],
      };
    });
    this.mid_block = new Mid(layers, w.at("mid_block"), last);
    this.conv_norm_out = new Norm(w.at("conv_norm_out"), last);
    this.conv_out = new Conv(w.at("conv_out"), last, 2 * latentChannels);
  }

  forward(picture: Tensor, tap: Tap): Tensor {
    let x = this.conv_in.forward(picture);
    this.down_blocks.forEach(({ resnets, downsamplers }, i) => {
      x = stage(`down${i}`, tap, [...resnets, ...downsamplers], x);
    });
    x = stage("encoder.mid", tap, [this.mid_block], x);
    return this.conv_out.forward(this.conv_norm_out.forward(x).silu());
  }
}

class Decoder {
  readonly conv_in: Conv;
  readonly mid_block: Mid;
  readonly up_blocks: { resnets: Resnet[]; upsamplers: Upsampler[] }[];
  readonly conv_norm_out: Norm;
  readonly conv_out: Conv;

  constructor(w: Weights, encoderWidths: readonly number[]) {
    const widths = encoderWidths.toReversed();
    const last = widths.at(-1)!;
    this.conv_in = new Conv(w.at("conv_in"), latentChannels, widths[0]!);
    this.mid_block = new Mid(layers, w.at("mid_block"), widths[0]!);
    this.up_blocks = widths.map((width, i) => {
      const block = w.at("up_blocks").at(i);
      return {
        resnets: [0, 1, 2].map(
          (r) =>
            new Resnet(layers, block.at("resnets").at(r), r === 0 ? (widths[i - 1] ?? width) : width, width),
        ),
        upsamplers: i < levels - 1 ? [new Upsampler(block.at("upsamplers").at(0), width)] : [],
      };
    });
    this.conv_norm_out = new Norm(w.at("conv_norm_out"), last);
    this.conv_out = new Conv(w.at("conv_out"), last, 3);
  }

  forward(z: Tensor, tap: Tap): Tensor {
    let x = stage("decoder.mid", tap, [this.conv_in, this.mid_block], z);
    this.up_blocks.forEach(({ resnets, upsamplers }, i) => {
      x = stage(`up${i}`, tap, [...resnets, ...upsamplers], x);
    });
    return this.conv_out.forward(this.conv_norm_out.forward(x).silu());
  }
}

interface ConvOptions {
  kernel?: number;
  stride?: number;
  padding?: number;
}

/** A convolution that was one over time too. */
class Conv extends Conv2d {
  constructor(w: Weights, inputs: number, outputs: number, options: ConvOptions = {}) {
    const { kernel = 3, stride = 1, padding = (kernel - 1) / 2 } = options;
    super(w, inputs, outputs, kernel, { stride, padding, fold: "sum" });
  }
}

/** Group norm, in single precision whatever the network computes in. */
class Norm implements Layer {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(w: Weights, width: number) {
    const exact = w.as({ dtype: "float32" });
    this.weight = exact.take("weight", [width]);
    this.bias = exact.take("bias", [width]);
  }

  forward(x: Tensor): Tensor {
    return groupNorm(x.astype("float32"), groups, this.weight, this.bias, eps).astype(x.dtype);
  }
}

const layers: Layers = {
  norm: (w, width) => new Norm(w, width),
  conv: (w, inputs, outputs) => new Conv(w, inputs, outputs),
  shortcut: (w, inputs, outputs) => new Conv(w, inputs, outputs, { kernel: 1 }),
  attention: (w, width) => new Attention(w, width),
};

/** One head over all pixels. */
class Attention implements Layer {
  readonly group_norm: Norm;
  readonly to_q: Linear;
  readonly to_k: Linear;
  readonly to_v: Linear;
  readonly to_out: Linear;

  constructor(
    w: Weights,
    readonly width: number,
  ) {
    this.group_norm = new Norm(w.at("group_norm"), width);
    this.to_q = new Linear(w.at("to_q"), width, width);
    this.to_k = new Linear(w.at("to_k"), width, width);
    this.to_v = new Linear(w.at("to_v"), width, width);
    this.to_out = new Linear(w.at("to_out").at(0), width, width);
  }

  forward(x: Tensor): Tensor {
    const { width } = this;
    const tokens = this.group_norm.forward(x).reshape(1, 1, -1, width);
    const [q, k, v] = [this.to_q, this.to_k, this.to_v].map((to) => to.forward(tokens)) as [
      Tensor,
      Tensor,
      Tensor,
    ];
    return this.to_out
      .forward(attention(q, k, v, width ** -0.5))
      .reshape(...x.shape)
      .add(x);
  }
}

/** Half the rows and columns. Nothing is added above and to the left. */
class Downsampler implements Layer {
  readonly conv: Conv;

  constructor(w: Weights, width: number) {
    this.conv = new Conv(w.at("conv"), width, width, { stride: 2, padding: 0 });
  }

  forward(x: Tensor): Tensor {
    return this.conv.forward(x, { paddingHigh: 1 });
  }
}

/** Twice the rows and columns: a matrix makes four pixels of one. Where it also made two frames of one, the first is kept. */
class Upsampler implements Layer {
  readonly upscale: Tensor | Packed;
  readonly upscaleBias: Tensor;
  readonly conv: Conv;

  constructor(
    w: Weights,
    readonly width: number,
  ) {
    const up = w.at("upscale_conv");
    const frames = (up.shape("weight")?.[0] ?? 4 * width) / (4 * width);
    const first = (t: Tensor) =>
      t
        .reshape(4, frames, width, -1)
        .at(0, 1)
        .reshape(4 * width, -1);
    this.upscale = up.matrix("weight", [4 * frames * width, width, 1, 1, 1], first);
    this.upscaleBias = up.take("bias", [4 * frames * width], (t) => first(t).reshape(4 * width));
    this.conv = new Conv(w.at("conv"), width, width);
  }

  forward(x: Tensor): Tensor {
    const [batch, rows, columns] = x.shape as [number, number, number];
    const shuffled = linear(x, this.upscale, this.upscaleBias)
      .reshape(batch, rows, columns, 2, 2, this.width)
      .transpose(0, 1, 3, 2, 4, 5)
      .reshape(batch, 2 * rows, 2 * columns, this.width);
    return this.conv.forward(shuffled);
  }
}
