/**
 * Depth Pro: sharp depth in metres from one picture, with the focal length it was taken at.
 *
 * @module
 */
import { type Dtype, type Products, scope, Tensor } from "../../../ffi/index.ts";
import { type Pixels, resizeFloats } from "../../images/pixels.ts";
import { Conv2d, Deconv2d, Pointwise } from "../../nn/conv.ts";
import { computeType, onGpu, productsOf } from "../../nn/device.ts";
import { resizePicture } from "../../nn/interpolate.ts";
import { network } from "../../nn/network.ts";
import { collect, conv3x3, deconv, each, ignore } from "../../nn/rows.ts";
import type { Weights } from "../../nn/weights.ts";
import { Checkpoint } from "../../weights/checkpoint.ts";
import type { QuantizedPlace } from "../../weights/quantized.ts";
import { type DepthProConfig, readConfig } from "./config.ts";
import { Decoder } from "./decoder.ts";
import { Encoder, type Tap } from "./encoder.ts";
import { FieldOfViewNetwork } from "./fov.ts";
import { naming } from "./names.ts";

export interface LoadOptions {
  bits?: 3 | 4 | 5 | 6 | 8 | null;
  /** What the transformers compute in; all else is float32. */
  dtype?: Dtype;
  /** What the products of the transformers multiply on a processor. */
  products?: Products;
  /** Where quantized matrices are kept. */
  place?: QuantizedPlace | undefined;
  /** Called with every tensor that is taken; may throw to stop. */
  step?: (done: number, total: number) => void;
}

/** Tensors that the published files hold and that are never used. */
const unused = [/mask_token$/, /^decoder\.fusions\.4\.resnet1\./];

export interface Prediction {
  /** Inverse depth for a focal length that equals the width, at the network's size. */
  canonical: Float32Array;
  width: number;
  height: number;
  /** Degrees, or undefined when the files hold no network for it. */
  fov: number | undefined;
}

/** Work of the head and of a decoder level, in blocks of one patch. */
const headWork = 300;
const levelWork = 10;

export class DepthPro implements Disposable {
  readonly encoder: Encoder;
  readonly decoder: Decoder;
  readonly head: readonly [Conv2d, Deconv2d, Conv2d, undefined, Pointwise];
  readonly fov: FieldOfViewNetwork | undefined;
  readonly size: number;

  private constructor(
    private readonly weights: Weights,
    readonly config: DepthProConfig,
  ) {
    const exact = weights.as({ dtype: "float32", bits: null, half: false, products: "float32" });
    const { decoder } = config;
    const half = decoder / 2;
    const head = exact.at("head");
    const hidden = exact.shape("head.2.weight")?.[0] ?? 32;
    this.size = config.size;
    this.encoder = new Encoder(weights.at("encoder"), exact.at("encoder"), config);
    this.decoder = new Decoder(exact.at("decoder"), config);
    this.head = [
      new Conv2d(head.at(0), decoder, half, 3),
      new Deconv2d(head.at(1), half, half, 2),
      new Conv2d(head.at(2), half, hidden, 3),
      undefined,
      new Pointwise(head.at(4), hidden, 1),
    ];
    this.fov = config.fovEncoder
      ? new FieldOfViewNetwork(weights.at("fov"), exact.at("fov"), config)
      : undefined;
  }

  static load(paths: readonly string[], options: LoadOptions = {}): DepthPro {
    using checkpoint = Checkpoint.open(paths, naming);
    const { dtype = computeType(), bits = null, products = productsOf("depth"), place, step } = options;
    // Nearly a billion numbers: on the CPU the matrices stay in the file's half precision until they are used.
    return network(
      checkpoint,
      { dtype, bits, half: !onGpu(), products, place, unused, ...(step && { step }) },
      (weights) => new DepthPro(weights, readConfig(checkpoint)),
    );
  }

  /** What `step` counts up to. */
  get precision() {
    return this.weights.precision;
  }

  get steps(): number {
    return this.encoder.work + 4 * levelWork + headWork + (this.fov?.work ?? 0);
  }

  /** Runs an RGB picture of any size. `known` says that the field of view need not be found. */
  predict(
    picture: Pixels<Uint8Array>,
    {
      known = false,
      step = () => {},
      tap = ignore,
    }: { known?: boolean; step?: (done: number) => void; tap?: Tap } = {},
  ): Prediction {
    const { size } = this;
    const { decoder } = this.config;
    const resized = resizePicture(picture, { width: size, height: size }, "bilinear", 1 / 127.5);
    for (let i = 0; i < resized.length; i++) resized[i]! -= 1;
    let done = 0;
    const work = (amount: number) => {
      done += amount;
      step(done);
    };
    return scope(() => {
      const pixels = Tensor.from(resized, [1, size, size, 3]);
      const { features, small } = this.encoder.forward(pixels, work, tap);
      const { map, lowest } = this.decoder.forward(features, () => work(levelWork), tap);
      const [conv0, double, conv2, , out] = this.head;
      const full = conv3x3(deconv(conv3x3(map, conv0), double), conv2, { curve: "relu" });
      const depth = each(full, (x) => out.forward(x, { curve: "relu" }));
      const before = done;
      const onStrip = (at: number, total: number) => {
        done = before + (headWork * at) / total;
        step(done);
      };
      // Strips that are high enough for the rows that they share with their neighbours not to cost much.
      const canonical = collect(depth, decoder / 4, onStrip, 96e6);
      const fov = known ? undefined : this.fov?.forward(small, lowest, work, tap);
      if (known) work(this.fov?.work ?? 0);
      const [, height, width] = canonical.shape as [number, number, number];
      return { canonical: canonical.read("float32"), width, height, fov };
    });
  }

  [Symbol.dispose]() {
    this.weights[Symbol.dispose]();
  }
}

/** Focal length in pixels, from the width of a picture and its field of view in degrees. */
export const focalLength = (width: number, degrees: number) =>
  (0.5 * width) / Math.tan((0.5 * degrees * Math.PI) / 180);

/** Metres at the picture's size: the canonical inverse depth, brought to the focal length, resized, and turned over. */
export function metres(
  prediction: Prediction,
  picture: { width: number; height: number },
  focal: number,
): Float32Array {
  const { canonical, width, height } = prediction;
  const factor = picture.width / focal;
  const { data } = resizeFloats(
    { data: canonical, width, height, channels: 1 },
    picture.width,
    picture.height,
    "bilinear",
  );
  for (let i = 0; i < data.length; i++) data[i] = 1 / Math.min(Math.max(data[i]! * factor, 1e-4), 1e4);
  return data;
}
