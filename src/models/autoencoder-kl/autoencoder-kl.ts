import { clearCache, evaluate, scope, type Tensor } from "../../../ffi/index.ts";
import { Pointwise } from "../../nn/conv.ts";
import { held, type Strips } from "../../nn/rows.ts";
import type { Weights } from "../../nn/weights.ts";
import type { CoderConfig } from "./config.ts";
import {
  Attention,
  Convolution,
  Downsampler,
  Ending,
  type Layer,
  Resnet,
  type Run,
  stripBytes,
  Upsampler,
} from "./layers.ts";

export type Tap = (name: string, map: Tensor) => void;
export interface RunOptions {
  /** Told the share that is done. May throw to stop. */
  step?: Run["step"];
  tap?: Tap;
  /** Size of the strips that large maps are computed in. */
  bytes?: number;
}

/** Layers between two places that the reference programs record. */
interface Stage {
  name: string;
  layers: readonly Layer[];
  /** Rows of its input for one row of the first stage's. */
  scale: number;
}

/**
 * The picture coder of latent diffusion, with the widths that its tensors have. Norms look at the whole map, so a large picture goes
 * through in strips of rows and never in tiles.
 */
export class AutoencoderKl implements Disposable {
  readonly #encoder: readonly Stage[];
  readonly #decoder: readonly Stage[];
  readonly #quant: Pointwise | null;
  readonly #postQuant: Pointwise | null;
  /** Channels of the latents. */
  readonly channels: number;
  /** Pixels on a side for one cell of latents. */
  readonly cell: number;
  /** Mean and variance by which some coders normalize latents, of squares of four cells. */
  readonly statistics: { mean: Tensor; variance: Tensor } | null;

  constructor(
    private readonly weights: Weights,
    readonly config: CoderConfig,
  ) {
    const w = weights;
    const [, latents = 1] = w.shape("decoder.conv_in.weight") ?? [];
    this.channels = latents;
    const levels = w.checkpoint.layers("encoder.down_blocks.");
    this.cell = 2 ** (levels - 1);
    this.#encoder = encoderOf(w.at("encoder"), levels, latents, config.groups);
    this.#decoder = decoderOf(w.at("decoder"), levels, latents, config.groups);
    const pointwise = (name: string, width: number) =>
      w.has(`${name}.weight`) ? new Pointwise(w.at(name), width, width) : null;
    this.#quant = pointwise("quant_conv", 2 * latents);
    this.#postQuant = pointwise("post_quant_conv", latents);
    const exact = w.as({ dtype: "float32" });
    this.statistics = w.has("bn.running_mean")
      ? {
          mean: exact.take("bn.running_mean", [4 * latents]),
          variance: exact.take("bn.running_var", [4 * latents]),
        }
      : null;
  }

  /** [rows, columns, 3] in −1 … 1 to the mean of latents, [rows / 8, columns / 8, channels]. */
  encode(picture: Tensor, options: RunOptions = {}): Tensor {
    return scope(() => {
      const x = picture.expandDims(0).astype(this.weights.options.dtype);
      const moments = run(this.#encoder, x, options);
      const [, rows, columns] = moments.shape as [number, number, number];
      const quantized = this.#quant ? this.#quant.forward(moments) : moments;
      const mean = quantized.at(0).slice([], [rows, columns, this.channels]).astype("float32").contiguous();
      evaluate(mean);
      return mean;
    });
  }

  /** Latents [rows, columns, channels] to [8 rows, 8 columns, 3], about −1 … 1. */
  decode(latents: Tensor, options: RunOptions = {}): Tensor {
    return scope(() => {
      const z = latents.expandDims(0).astype(this.weights.options.dtype);
      const picture = run(this.#decoder, this.#postQuant ? this.#postQuant.forward(z) : z, options);
      const made = picture.at(0).astype("float32").contiguous();
      evaluate(made);
      return made;
    });
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }
}

function run(
  stages: readonly Stage[],
  input: Tensor,
  { step = () => {}, tap, bytes = stripBytes() }: RunOptions,
): Tensor {
  const total = stages.reduce((sum, stage) => sum + workOf(stage), 0);
  let done = 0;
  let map: Strips = { ...held(input), [Symbol.dispose]() {} };
  for (const stage of stages) {
    for (const layer of stage.layers) {
      const work = layer.work * stage.scale ** 2;
      const next = layer.run(map, { step: (share) => step((done + share * work) / total), bytes });
      map[Symbol.dispose]();
      map = next;
      done += work;
    }
    clearCache();
    tap?.(stage.name, map.rows(0, map.height));
  }
  const whole = map.rows(0, map.height).contiguous();
  evaluate(whole);
  map[Symbol.dispose]();
  return whole;
}

const workOf = ({ layers, scale }: Stage) => layers.reduce((sum, layer) => sum + layer.work * scale ** 2, 0);

const widthsOf = (w: Weights, blocks: string, levels: number) =>
  Array.from(
    { length: levels },
    (_, i) =>
      w.shape(`${blocks}.${i}.resnets.0.conv1.weight`)?.[0] ??
      w.checkpoint.fail(`it has no ${w.prefix}${blocks}.${i}.resnets.0.conv1.weight`),
  );

function middle(w: Weights, width: number, groups: number): Layer[] {
  const mid = w.at("mid_block");
  const resnet = (i: number) => new Resnet(mid.at("resnets").at(i), width, width, groups);
  return [resnet(0), new Attention(mid.at("attentions").at(0), width, groups), resnet(1)];
}

/** The residual blocks of a level, as many as the checkpoint has. */
function resnets(w: Weights, inputs: number, outputs: number, groups: number): Layer[] {
  const count = w.checkpoint.layers(`${w.prefix}resnets.`);
  return Array.from(
    { length: count },
    (_, r) => new Resnet(w.at("resnets").at(r), r === 0 ? inputs : outputs, outputs, groups),
  );
}

function encoderOf(w: Weights, levels: number, latents: number, groups: number): Stage[] {
  const widths = widthsOf(w, "down_blocks", levels);
  const last = widths.at(-1)!;
  return [
    { name: "encoder.in", layers: [new Convolution(w.at("conv_in"), 3, widths[0]!)], scale: 1 },
    ...widths.map((width, i): Stage => {
      const block = w.at("down_blocks").at(i);
      const down = i < levels - 1 ? [new Downsampler(block.at("downsamplers").at(0), width)] : [];
      const layers = [...resnets(block, widths[i - 1] ?? width, width, groups), ...down];
      return { name: `down${i}`, layers, scale: 2 ** -i };
    }),
    { name: "encoder.mid", layers: middle(w, last, groups), scale: 2 ** (1 - levels) },
    { name: "moments", layers: [new Ending(w, last, 2 * latents, groups)], scale: 2 ** (1 - levels) },
  ];
}

function decoderOf(w: Weights, levels: number, latents: number, groups: number): Stage[] {
  const widths = widthsOf(w, "up_blocks", levels);
  const [first, last] = [widths[0]!, widths.at(-1)!];
  return [
    {
      name: "decoder.mid",
      layers: [new Convolution(w.at("conv_in"), latents, first), ...middle(w, first, groups)],
      scale: 1,
    },
    ...widths.map((width, i): Stage => {
      const block = w.at("up_blocks").at(i);
      const up = i < levels - 1 ? [new Upsampler(block.at("upsamplers").at(0), width)] : [];
      const layers = [...resnets(block, widths[i - 1] ?? width, width, groups), ...up];
      return { name: `up${i}`, layers, scale: 2 ** i };
    }),
    { name: "picture", layers: [new Ending(w, last, 3, groups)], scale: 2 ** (levels - 1) },
  ];
}
