import { rmsNorm, Tensor } from "../../../ffi/index.ts";
import { attention } from "../../nn/attention.ts";
import { type Layer, type Layers, Mid, Resnet, stage, type Tap } from "../../nn/autoencoder.ts";
import { computed } from "../../nn/computed.ts";
import { Conv2d, Pointwise } from "../../nn/conv.ts";
import { enlarge } from "../../nn/interpolate.ts";
import type { Weights } from "../../nn/weights.ts";
import type { VaeConfig } from "./config.ts";

/**
 * The autoencoder of Qwen-Image. It was made for video: its causal convolutions pad with zeros in time. For a still, only the last
 * tap of each kernel counts, so the others are dropped and everything runs in 2-D.
 */
export class Vae implements Disposable {
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly quant_conv: Pointwise;
  readonly post_quant_conv: Pointwise;
  readonly mean: Tensor;
  readonly std: Tensor;

  constructor(
    private readonly weights: Weights,
    readonly config: VaeConfig,
  ) {
    const w = weights;
    const { z_dim } = config;
    this.encoder = new Encoder(w.at("encoder"), config);
    this.decoder = new Decoder(w.at("decoder"), config);
    this.quant_conv = pointwise(w.at("quant_conv"), 2 * z_dim, 2 * z_dim);
    this.post_quant_conv = pointwise(w.at("post_quant_conv"), z_dim, z_dim);
    this.mean = w.own(Tensor.from(config.latents_mean));
    this.std = w.own(Tensor.from(config.latents_std));
  }

  /** Pixels on a side for one cell of latents. */
  get cell(): number {
    return 2 ** (this.config.dim_mult.length - 1);
  }

  /** [rows, columns, 3] in −1 … 1 to latents [rows / 8, columns / 8, 16] of mean 0 and deviation 1. */
  encode(picture: Tensor, tap: Tap = () => {}): Tensor {
    return computed(() => {
      const x = picture.expandDims(0).astype(this.weights.options.dtype);
      const moments = this.quant_conv.forward(this.encoder.forward(x, tap)).at(0).astype("float32");
      const z = moments.slice([], [...moments.shape.slice(0, 2), this.config.z_dim]);
      return z.sub(this.mean).div(this.std).contiguous();
    });
  }

  /** Latents [rows, columns, 16] to [8 rows, 8 columns, 3], about −1 … 1. */
  decode(latents: Tensor, tap: Tap = () => {}): Tensor {
    return computed(() => {
      const z = latents.mul(this.std).add(this.mean).expandDims(0).astype(this.weights.options.dtype);
      const picture = this.decoder.forward(this.post_quant_conv.forward(z), tap).at(0).clip(-1, 1);
      return picture.astype("float32").contiguous();
    });
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }
}

class Encoder {
  readonly conv_in: Conv;
  /** Two residual blocks and a smaller map, again and again, counted through. */
  readonly down_blocks: Layer[] = [];
  readonly mid_block: Mid;
  readonly norm_out: Norm;
  readonly conv_out: Conv;

  constructor(w: Weights, { base_dim, dim_mult, num_res_blocks, z_dim }: VaeConfig) {
    const widths = dim_mult.map((factor) => factor * base_dim);
    const last = widths.at(-1)!;
    this.conv_in = new Conv(w.at("conv_in"), 3, base_dim);
    const next = () => w.at("down_blocks").at(this.down_blocks.length);
    widths.forEach((width, i) => {
      for (let r = 0; r < num_res_blocks; r++) {
        const inputs = r === 0 ? (widths[i - 1] ?? base_dim) : width;
        this.down_blocks.push(new Resnet(layers, next(), inputs, width));
      }
      if (i < widths.length - 1) this.down_blocks.push(new Downsampler(next(), width));
    });
    this.mid_block = new Mid(layers, w.at("mid_block"), last);
    this.norm_out = new Norm(w.at("norm_out"), last);
    this.conv_out = new Conv(w.at("conv_out"), last, 2 * z_dim);
  }

  forward(picture: Tensor, tap: Tap): Tensor {
    let x = this.conv_in.forward(picture);
    this.down_blocks.forEach((block, i) => {
      x = stage(`down${i}`, tap, [block], x);
    });
    x = stage("encoder.mid", tap, [this.mid_block], x);
    return this.conv_out.forward(this.norm_out.forward(x).silu());
  }
}

class Decoder {
  readonly conv_in: Conv;
  readonly mid_block: Mid;
  readonly up_blocks: { resnets: Resnet[]; upsamplers: Upsampler[] }[];
  readonly norm_out: Norm;
  readonly conv_out: Conv;

  constructor(w: Weights, { base_dim, dim_mult, num_res_blocks, z_dim }: VaeConfig) {
    const widths = dim_mult.map((factor) => factor * base_dim).toReversed();
    this.conv_in = new Conv(w.at("conv_in"), z_dim, widths[0]!);
    this.mid_block = new Mid(layers, w.at("mid_block"), widths[0]!);
    this.up_blocks = widths.map((width, i) => {
      const block = w.at("up_blocks").at(i);
      // An upsampler leaves half of the channels.
      const inputs = i === 0 ? width : widths[i - 1]! / 2;
      return {
        resnets: Array.from(
          { length: num_res_blocks + 1 },
          (_, r) => new Resnet(layers, block.at("resnets").at(r), r === 0 ? inputs : width, width),
        ),
        upsamplers: i < widths.length - 1 ? [new Upsampler(block.at("upsamplers").at(0), width)] : [],
      };
    });
    this.norm_out = new Norm(w.at("norm_out"), widths.at(-1)!);
    this.conv_out = new Conv(w.at("conv_out"), widths.at(-1)!, 3);
  }

  forward(z: Tensor, tap: Tap): Tensor {
    let x = stage("decoder.mid", tap, [this.conv_in, this.mid_block], z);
    this.up_blocks.forEach(({ resnets, upsamplers }, i) => {
      x = stage(`up${i}`, tap, [...resnets, ...upsamplers], x);
    });
    return this.conv_out.forward(this.norm_out.forward(x).silu());
  }
}

/** A convolution that was one over time too. */
class Conv extends Conv2d {
  constructor(w: Weights, inputs: number, outputs: number, kernel = 3) {
    super(w, inputs, outputs, kernel, { padding: (kernel - 1) / 2, fold: "last" });
  }
}

/** A convolution of one pixel, whose kernel has as many axes of one as its place in the network gives it. */
function pointwise(w: Weights, inputs: number, outputs: number): Pointwise {
  return new Pointwise(w, inputs, outputs, { axes: (w.shape("weight")?.length ?? 4) - 2 });
}

/** Divides each pixel by the length of its channels, so that they are 1 on average, and scales them. */
class Norm implements Layer {
  readonly gamma: Tensor;

  constructor(
    w: Weights,
    readonly width: number,
  ) {
    const ones = (w.shape("gamma")?.length ?? 4) - 1;
    this.gamma = w.take("gamma", [width, ...new Array<number>(ones).fill(1)], (t) => t.reshape(width));
  }

  forward(x: Tensor): Tensor {
    return rmsNorm(x, this.gamma, 1e-24 / this.width);
  }
}

const layers: Layers = {
  norm: (w, width) => new Norm(w, width),
  conv: (w, inputs, outputs) => new Conv(w, inputs, outputs),
  shortcut: pointwise,
  attention: (w, width) => new Attention(w, width),
};

/** One head over all pixels. */
class Attention implements Layer {
  readonly norm: Norm;
  readonly to_qkv: Pointwise;
  readonly proj: Pointwise;

  constructor(
    w: Weights,
    readonly width: number,
  ) {
    this.norm = new Norm(w.at("norm"), width);
    this.to_qkv = pointwise(w.at("to_qkv"), width, 3 * width);
    this.proj = pointwise(w.at("proj"), width, width);
  }

  forward(x: Tensor): Tensor {
    const { width } = this;
    const qkv = this.to_qkv.forward(this.norm.forward(x)).reshape(1, 1, -1, 3, width);
    const [q, k, v] = [0, 1, 2].map((i) => qkv.at(i, 3)) as [Tensor, Tensor, Tensor];
    return this.proj.forward(attention(q, k, v, width ** -0.5).reshape(...x.shape)).add(x);
  }
}

/** Half the rows and columns. Nothing is added above and to the left. */
class Downsampler implements Layer {
  readonly resample: Conv2d;

  constructor(w: Weights, width: number) {
    this.resample = new Conv2d(w.at("resample").at(1), width, width, 3, { stride: 2 });
  }

  forward(x: Tensor): Tensor {
    return this.resample.forward(x, { paddingHigh: 1 });
  }
}

/** Twice the rows and columns, half the channels. */
class Upsampler implements Layer {
  readonly resample: Conv2d;

  constructor(w: Weights, width: number) {
    this.resample = new Conv2d(w.at("resample").at(1), width, width / 2, 3, { padding: 1 });
  }

  forward(x: Tensor): Tensor {
    return this.resample.forward(enlarge(x, 2));
  }
}
