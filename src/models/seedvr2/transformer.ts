import { concat, evaluate, gated, rmsNorm, scope, split, Tensor } from "../../../ffi/index.ts";
import { attention } from "../../nn/attention.ts";
import { Linear } from "../../nn/linear.ts";
import { type PairRotation, rotatePairs } from "../../nn/rope.ts";
import type { Weights } from "../../nn/weights.ts";
import type { TransformerConfig } from "./config.ts";
import { textRotation, windowRotation } from "./rope.ts";
import { type Partition, partition, windowsOf } from "./windows.ts";

const eps = 1e-5;
const sinusoid = 256;

/** The picture's tokens [tokens, width] and the text's. */
interface Streams {
  vid: Tensor;
  txt: Tensor;
}

/** What all blocks of one run share: where the windows lie and how their tokens turn. */
interface Plan {
  plain: Grid;
  shifted: Grid;
}

interface Grid extends Partition {
  orderTensor: Tensor;
  backTensor: Tensor;
  /** One for each group of windows. */
  rotations: readonly PairRotation[];
  text: PairRotation | null;
}

/** Shift, scale and gate of one sublayer, [width] each. */
interface Modulation {
  shift: Tensor;
  scale: Tensor;
  gate: Tensor;
}

/** SeedVR2's network: one step from noise to the clean picture, under the low-resolution one. */
export class Transformer implements Disposable {
  readonly vid_in: Linear;
  readonly txt_in: Linear;
  readonly emb_in: { proj_in: Linear; proj_hid: Linear; proj_out: Linear };
  readonly blocks: Block[];
  readonly vid_out_norm: Tensor | undefined;
  readonly vid_out_ada: { out_shift: Tensor; out_scale: Tensor } | undefined;
  readonly vid_out: Linear;
  readonly freqs: readonly number[];

  constructor(
    private readonly weights: Weights,
    readonly config: TransformerConfig,
  ) {
    const w = weights;
    const { width, layers } = config;
    this.vid_in = new Linear(w.at("vid_in").at("proj"), 4 * config.inputChannels, width);
    this.txt_in = new Linear(w.at("txt_in"), config.text, width);
    const emb = w.at("emb_in");
    this.emb_in = {
      proj_in: new Linear(emb.at("proj_in"), sinusoid, width),
      proj_hid: new Linear(emb.at("proj_hid"), width, width),
      proj_out: new Linear(emb.at("proj_out"), width, 6 * width),
    };
    this.blocks = Array.from({ length: layers }, (_, i) => new Block(w.at("blocks").at(i), config, i));
    const exact = w.as({ dtype: "float32" });
    // Rounded to half precision in the file, and equal in every block.
    this.freqs = [...exact.take("blocks.0.attn.rope.rope.freqs", [config.rope.freqs]).read("float32")];
    for (let i = 1; i < layers; i++) exact.take(`blocks.${i}.attn.rope.rope.freqs`, [config.rope.freqs]);
    if (config.outputModulation) {
      this.vid_out_norm = w.take("vid_out_norm.weight", [width]);
      this.vid_out_ada = {
        out_shift: w.take("vid_out_ada.out_shift", [width]),
        out_scale: w.take("vid_out_ada.out_scale", [width]),
      };
    }
    this.vid_out = new Linear(w.at("vid_out").at("proj"), width, 4 * config.outputChannels);
  }

  /**
   * Latents [rows, columns, channels] and text [tokens, channels] at a timestep to the predicted noise [rows, columns, 16]. `step`
   * is called for each block and may throw to stop.
   */
  forward(
    latents: Tensor,
    text: Tensor,
    timestep: number,
    step: (done: number, total: number) => void = () => {},
    tap: (block: number, streams: Streams) => void = () => {},
  ): Tensor {
    const { heads, head, layers } = this.config;
    const [rows, columns, channels] = latents.shape as [number, number, number];
    const [h, w] = [rows / 2, columns / 2];
    return scope(() => {
      const dtype = this.weights.options.dtype;
      const plan = this.plan(h, w, text.shape[0]!);
      const patches = latents
        .reshape(h, 2, w, 2, channels)
        .transpose(0, 2, 1, 3, 4)
        .reshape(h * w, 4 * channels);
      const emb = this.embed(timestep);
      let streams: Streams = {
        vid: this.vid_in.forward(patches.astype(dtype)),
        txt: this.txt_in.forward(text.astype(dtype)),
      };
      this.blocks.forEach((block, i) => {
        streams = scope(() =>
          block.forward(streams, emb, i % 2 === 1 ? plan.shifted : plan.plain, heads, head),
        );
        evaluate(streams.vid, streams.txt);
        tap(i, streams);
        step(i + 1, layers);
      });
      let { vid } = streams;
      if (this.vid_out_norm && this.vid_out_ada) {
        const { shift, scale } = emb[0]!;
        vid = rmsNorm(vid, this.vid_out_norm, eps)
          .mul(scale.add(this.vid_out_ada.out_scale))
          .add(shift.add(this.vid_out_ada.out_shift));
      }
      const out = this.vid_out
        .forward(vid)
        .reshape(h, w, 2, 2, this.config.outputChannels)
        .transpose(0, 2, 1, 3, 4)
        .reshape(rows, columns, this.config.outputChannels)
        .astype("float32");
      evaluate(out);
      return out;
    });
  }

  /** Modulations of the two sublayers at a timestep. */
  private embed(timestep: number): Modulation[] {
    const { width } = this.config;
    const half = sinusoid / 2;
    const angles = Array.from({ length: half }, (_, i) => timestep * Math.exp((-Math.log(10000) * i) / half));
    const waves = Float32Array.from([...angles.map(Math.sin), ...angles.map(Math.cos)]);
    const { proj_in, proj_hid, proj_out } = this.emb_in;
    const dtype = this.weights.options.dtype;
    const x = Tensor.from(waves, [1, sinusoid]).astype(dtype);
    const emb = proj_out.forward(proj_hid.forward(proj_in.forward(x).silu()).silu()).reshape(width, 2, 3);
    return [0, 1].map((sublayer) => {
      const [shift, scale, gate] = [0, 1, 2].map((i) => emb.at(sublayer, 1).at(i, 1)) as [
        Tensor,
        Tensor,
        Tensor,
      ];
      return { shift, scale, gate };
    });
  }

  private plan(height: number, width: number, text: number): Plan {
    const { rope, window } = this.config;
    const grid = (shifted: boolean): Grid => {
      const parts = partition(windowsOf(height, width, shifted, window), width);
      return {
        ...parts,
        orderTensor: Tensor.from(parts.order),
        backTensor: Tensor.from(parts.back),
        rotations: parts.groups.map((group) =>
          windowRotation(rope.kind, this.freqs, group.height, group.width, text),
        ),
        text: rope.kind === "lang" ? textRotation(this.freqs, text) : null,
      };
    };
    return { plain: grid(false), shifted: grid(true) };
  }

  /** What most of its products multiply. */
  get precision() {
    return this.weights.precision;
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }
}

/** A block has one set of weights for both streams, or one for each. */
class Block {
  readonly attn: Attention;
  readonly mlp: { vid: Mlp; txt: Mlp | null };
  readonly ada: { vid: Ada; txt: Ada | null };

  constructor(w: Weights, config: TransformerConfig, index: number) {
    const shared = index >= config.separate;
    const pictureOnly = config.lastPictureOnly && index === config.layers - 1;
    const both = <M>(make: (stream: string) => M): { vid: M; txt: M | null } => {
      const vid = make(shared ? "all" : "vid");
      return { vid, txt: pictureOnly ? null : shared ? vid : make("txt") };
    };
    this.attn = new Attention(w.at("attn"), config, shared);
    this.mlp = both((stream) => new Mlp(w.at("mlp").at(stream), config));
    this.ada = both((stream) => new Ada(w.at("ada").at(stream), config.width));
  }

  forward(
    { vid, txt }: Streams,
    emb: readonly Modulation[],
    grid: Grid,
    heads: number,
    head: number,
  ): Streams {
    const [forAttention, forMlp] = emb as [Modulation, Modulation];
    const a = this.ada.vid.of("attn", forAttention);
    const b = this.ada.txt?.of("attn", forAttention);
    const normed = rmsNorm(txt, null, eps);
    const attended = this.attn.forward(
      modulated(rmsNorm(vid, null, eps), a),
      b ? modulated(normed, b) : normed,
      grid,
      heads,
      head,
    );
    const seen = vid.add(attended.vid.mul(a.gate));
    const m = this.ada.vid.of("mlp", forMlp);
    const picture = seen.add(this.mlp.vid.forward(modulated(rmsNorm(seen, null, eps), m)).mul(m.gate));
    if (!b || !this.ada.txt || !this.mlp.txt) return { vid: picture, txt };
    const read = txt.add(attended.txt.mul(b.gate));
    const n = this.ada.txt.of("mlp", forMlp);
    const words = read.add(this.mlp.txt.forward(modulated(rmsNorm(read, null, eps), n)).mul(n.gate));
    return { vid: picture, txt: words };
  }
}

function modulated(x: Tensor, { shift, scale }: Modulation): Tensor {
  return x.mul(scale).add(shift);
}

/** Learned offsets of the modulation. */
class Ada {
  readonly #offsets: Record<"attn" | "mlp", Modulation>;

  constructor(w: Weights, width: number) {
    const sublayer = (name: string): Modulation => ({
      shift: w.take(`${name}_shift`, [width]),
      scale: w.take(`${name}_scale`, [width]),
      gate: w.take(`${name}_gate`, [width]),
    });
    this.#offsets = { attn: sublayer("attn"), mlp: sublayer("mlp") };
  }

  of(sublayer: "attn" | "mlp", { shift, scale, gate }: Modulation): Modulation {
    const offset = this.#offsets[sublayer];
    return { shift: shift.add(offset.shift), scale: scale.add(offset.scale), gate: gate.add(offset.gate) };
  }
}

class Mlp {
  readonly proj_in: Linear;
  readonly proj_in_gate: Linear | undefined;
  readonly proj_out: Linear;

  constructor(w: Weights, { width, mlp }: TransformerConfig) {
    const bias = mlp.kind === "gelu";
    this.proj_in = new Linear(w.at("proj_in"), width, mlp.hidden, { bias });
    if (mlp.kind === "swiglu")
      this.proj_in_gate = new Linear(w.at("proj_in_gate"), width, mlp.hidden, { bias });
    this.proj_out = new Linear(w.at("proj_out"), mlp.hidden, width, { bias });
  }

  forward(x: Tensor): Tensor {
    const active = this.proj_in_gate
      ? gated(this.proj_in_gate.forward(x), this.proj_in.forward(x))
      : this.proj_in.forward(x, { curve: "geluTanh" });
    return this.proj_out.forward(active);
  }
}

interface Projections {
  proj_qkv: Linear;
  proj_out: Linear;
  norm_q: Tensor;
  norm_k: Tensor;
}

/** Every window of the picture attends to itself and to the whole text; the text takes the mean of what the windows give it. */
class Attention {
  readonly vid: Projections;
  readonly txt: Projections;
  readonly scale: number;

  constructor(w: Weights, { width, heads, head }: TransformerConfig, shared: boolean) {
    const make = (stream: string): Projections => ({
      proj_qkv: new Linear(w.at("proj_qkv").at(stream), width, 3 * heads * head, { bias: false }),
      proj_out: new Linear(w.at("proj_out").at(stream), heads * head, width),
      norm_q: w.take(`norm_q.${stream}.weight`, [head]),
      norm_k: w.take(`norm_k.${stream}.weight`, [head]),
    });
    this.vid = make(shared ? "all" : "vid");
    this.txt = shared ? this.vid : make("txt");
    this.scale = head ** -0.5;
  }

  forward(vid: Tensor, txt: Tensor, grid: Grid, heads: number, head: number): Streams {
    const projected = (x: Tensor, { proj_qkv, norm_q, norm_k }: Projections) => {
      const qkv = proj_qkv.forward(x).reshape(x.shape[0]!, 3, heads, head);
      return [rmsNorm(qkv.at(0, 1), norm_q, eps), rmsNorm(qkv.at(1, 1), norm_k, eps), qkv.at(2, 1)] as const;
    };
    const length = txt.shape[0]!;
    // [1, heads, text, head], turned once: it is the same in each window.
    const words = projected(txt, this.txt).map((part, i) => {
      const head_first = part.transpose(1, 0, 2).expandDims(0);
      return grid.text && i < 2 ? rotatePairs(head_first, grid.text) : head_first;
    });
    const pixels = projected(vid, this.vid).map((part) => part.take(grid.orderTensor, 0));

    let start = 0;
    const seen: Tensor[] = [];
    const read: Tensor[] = [];
    grid.groups.forEach(({ height, width, count }, g) => {
      const size = height * width;
      const stop = start + count * size;
      const [q, k, v] = pixels.map((part, i) => {
        const windows = part.slice([start], [stop]).reshape(count, size, heads, head).transpose(0, 2, 1, 3);
        const turned = i < 2 ? rotatePairs(windows, grid.rotations[g]!) : windows;
        return concat([turned, words[i]!.broadcastTo(count, heads, length, head)], 2);
      }) as [Tensor, Tensor, Tensor];
      const [ofPicture, ofText] = split(attention(q, k, v, this.scale), [size], 2) as [Tensor, Tensor];
      seen.push(ofPicture.transpose(0, 2, 1, 3).reshape(count * size, heads * head));
      read.push(ofText.sum(0));
      start = stop;
    });
    const windows = grid.groups.reduce((sum, { count }) => sum + count, 0);
    const mean = read
      .reduce((sum, part) => sum.add(part))
      .div(windows)
      .transpose(1, 0, 2)
      .reshape(length, heads * head);
    return {
      vid: this.vid.proj_out.forward(concat(seen, 0).take(grid.backTensor, 0)),
      txt: this.txt.proj_out.forward(mean),
    };
  }
}
