/**
 * Depth Anything V2 and V3 from their published layouts: one network, or the nested pair that gives metres.
 *
 * @module
 */
import { type Dtype, type Products, Tensor } from "../../../ffi/index.ts";
import type { Pixels } from "../../images/pixels.ts";
import type { Size, Sizing } from "../../images/sizing.ts";
import { computeType, onGpu, productsOf } from "../../nn/device.ts";
import { network } from "../../nn/network.ts";
import type { Weights } from "../../nn/weights.ts";
import { Checkpoint, type Json } from "../../weights/checkpoint.ts";
import type { QuantizedPlace } from "../../weights/quantized.ts";
import { readConfig } from "./config.ts";
import type { Tap } from "./dpt.ts";
import { usualSizing } from "./memory.ts";
import { naming } from "./names.ts";
import { Network, type Prediction } from "./network.ts";
import { preprocess, resizeMap } from "./preprocess.ts";
import { alignNested, fillSky, toMetres } from "./sky.ts";

export interface LoadOptions {
  bits?: 3 | 4 | 5 | 6 | 8 | null;
  /** What the transformer computes in. */
  dtype?: Dtype;
  /** What the products of the transformer multiply on a processor. */
  products?: Products;
  /** V2 fine-tuned for metres, when no config.json says it: what the output's share is of. */
  maxDepth?: number | undefined;
  /** V3: the network's depth becomes metres by the focal length. Its layout is that of the one that does not. */
  metric?: boolean;
  /** Where quantized matrices are kept. */
  place?: QuantizedPlace | undefined;
  /** Called with every tensor that is taken; may throw to stop. */
  step?: (done: number, total: number) => void;
}

/** Tensors that the published files hold and that one picture does not need. */
const unused = [
  /mask_token$/,
  /refinenet4\.resConfUnit1\./,
  /_aux\./,
  /(^|\.)cam_enc\./,
  /(^|\.)gs_(head|adapter)\./,
  /(^|\.)cam_dec\.(fc_t|fc_qvec)\./,
];

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

export class DepthAnything implements Disposable {
  readonly #networks: readonly Network[];
  readonly #weights: Weights;
  readonly version: 2 | 3;
  readonly patch: number;

  private constructor(
    networks: readonly Network[],
    weights: Weights,
    readonly metric: boolean,
  ) {
    this.#networks = networks;
    this.#weights = weights;
    this.version = networks[0]!.config.version;
    this.patch = networks[0]!.config.vit.patch;
  }

  static load(paths: readonly string[], options: LoadOptions = {}): DepthAnything {
    using checkpoint = Checkpoint.open(paths, naming);
    const { config } = checkpoint;
    // V3's config.json may be {"model_name", "config"} or the inner object alone.
    const given = config && typeof config.config === "object" ? (config.config as Json) : config;
    const parts: (readonly [string, unknown])[] = checkpoint
      .names()
      .some((name) => name.startsWith("da3_metric."))
      ? [
          ["da3.", given?.anyview],
          ["da3_metric.", given?.metric],
        ]
      : [["", given]];
    const { dtype = computeType(), bits = null, products = productsOf("depth") } = options;
    // A giant has more than a billion numbers: on the CPU its matrices stay in the file's half precision until they are used.
    const half = !onGpu() && checkpoint.elements > 9e8;
    const { place, step } = options;
    return network(
      checkpoint,
      { dtype, bits, half, products, place, unused, ...(step && { step }) },
      (weights) => {
        const networks = parts.map(([prefix, part]) => {
          const read = readConfig(checkpoint, prefix, part as Json | undefined, options.maxDepth);
          return new Network(prefix === "" ? weights : weights.at(prefix.slice(0, -1)), read);
        });
        return new DepthAnything(networks, weights, options.metric ?? false);
      },
    );
  }

  get bytes(): number {
    return this.#weights.bytes;
  }

  get precision() {
    return this.#weights.precision;
  }

  get steps(): number {
    return this.#networks.reduce((sum, network) => sum + network.steps, 0);
  }

  /** What the depth means; of the metric V3 network it is metres only with a focal length. */
  unit(focal: number | undefined): "relative_inverse" | "relative" | "metre" {
    if (this.#networks.length > 1) return "metre";
    if (this.version === 2)
      return this.#networks[0]!.config.readout.kind === "relu" ? "relative_inverse" : "metre";
    return this.metric && focal !== undefined ? "metre" : "relative";
  }

  /** RGB values from 0 to 1 at the network's size, by the rule of the version's authors. */
  preprocess(picture: Pixels<Uint8Array>, sizing: Partial<Sizing>): Pixels<Float32Array> {
    const usual = usualSizing[this.version];
    const { inputSize = usual.inputSize, bound = usual.bound } = sizing;
    return preprocess(this.version, picture, { inputSize, bound }, this.patch);
  }

  /** A map of the network at another size, by the rule of the version's authors. */
  resizeMap(map: Float32Array, from: Size, to: Size): Float32Array {
    return resizeMap(this.version, map, from, to);
  }

  /**
   * Runs a picture of RGB values from 0 to 1 (rows, columns, channels) whose sides are multiples of the patch. `focal` is its focal
   * length in its own pixels.
   */
  predict(
    picture: { data: Float32Array; width: number; height: number },
    { focal, step = () => {}, tap }: { focal?: number; step?: (done: number) => void; tap?: Tap } = {},
  ): Prediction {
    const { data, width, height } = picture;
    const normalized = new Float32Array(data.length);
    for (let c = 0; c < 3; c++) {
      const [middle, spread] = [mean[c]!, deviation[c]!];
      for (let i = c; i < data.length; i += 3) normalized[i] = (data[i]! - middle) / spread;
    }
    using pixels = Tensor.from(normalized, [1, height, width, 3]);
    const predictions: Prediction[] = [];
    let before = 0;
    for (const [i, network] of this.#networks.entries()) {
      const prefix = this.#networks.length > 1 ? (["da3.", "da3_metric."][i] ?? "") : "";
      predictions.push(
        fillSky(
          network.forward(pixels, (done) => step(before + done), tap && ((name, x) => tap(prefix + name, x))),
        ),
      );
      before += network.steps;
    }
    const [first, second] = predictions as [Prediction, Prediction?];
    if (second !== undefined) return alignNested(first, second);
    return this.metric && focal !== undefined ? { ...first, depth: toMetres(first.depth, focal) } : first;
  }

  [Symbol.dispose]() {
    this.#weights[Symbol.dispose]();
  }
}
