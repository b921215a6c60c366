/**
 * The vision transformer that all depth networks share: DINOv2, with the additions of Depth Anything 3. Names are those of the
 * authors' checkpoints.
 *
 * @module
 */
import { concat, gated, linear, type Packed, scope, split, type Tensor } from "../../ffi/index.ts";
import { attention } from "./attention.ts";
import { computed } from "./computed.ts";
import { onGpu } from "./device.ts";
import { resize } from "./interpolate.ts";
import { Linear } from "./linear.ts";
import { LayerNorm } from "./norm.ts";
import { type Rotation, rotate, rotation2d } from "./rope.ts";
import type { Weights } from "./weights.ts";

export interface VitConfig {
  /** Channels of a token, blocks, heads. */
  dim: number;
  depth: number;
  heads: number;
  /** Channels inside the feed-forward part. */
  hidden: number;
  ffn: "gelu" | "swiglu";
  /** Pixels of a patch's side, and the side of the stored table of positions in patches. */
  patch: number;
  grid: number;
  /**
   * How the table fits other grids: never asked to ("native"), resampled by the factor (n + 0.1) / grid as the authors do
   * ("offset"), or to the size as transformers does ("size").
   */
  positions: "native" | "offset" | "size";
  blockEps: number;
  finalEps: number;
  /** Blocks whose outputs are wanted, raw or through the final norm. */
  taps: readonly { block: number; normalized: boolean }[];
  anyView?: AnyView;
}

/**
 * Depth Anything 3. From block `start` on, queries and keys are normalized and turned by their place, the class token is a camera
 * token, odd blocks look at all views together, and a tap is the last local block's output beside its own.
 */
export interface AnyView {
  start: number;
  rotationBase: number;
  headEps: number;
}

export interface VitOutput {
  /** [batch, patches, channels], without the class token. */
  taps: Tensor[];
  /** The class token of the last tap before any norm: [batch, channels]. */
  token: Tensor;
}

class Attention {
  readonly qkv: Linear;
  readonly proj: Linear;
  readonly q_norm: LayerNorm | undefined;
  readonly k_norm: LayerNorm | undefined;

  constructor(
    w: Weights,
    readonly dim: number,
    readonly heads: number,
    headEps: number | undefined,
  ) {
    this.qkv = new Linear(w.at("qkv"), dim, 3 * dim);
    this.proj = new Linear(w.at("proj"), dim, dim);
    if (headEps !== undefined) {
      this.q_norm = new LayerNorm(w.at("q_norm"), dim / heads, headEps);
      this.k_norm = new LayerNorm(w.at("k_norm"), dim / heads, headEps);
    }
  }

  /** residual + scale · attention(x) */
  forward(x: Tensor, rotation: Rotation | undefined, scale: Tensor, residual: Tensor): Tensor {
    const [batch, tokens] = x.shape as [number, number, number];
    const { dim, heads } = this;
    const head = dim / heads;
    let [q, k, v] = split(this.qkv.forward(x), 3, 2).map((part) =>
      part.reshape(batch, tokens, heads, head).transpose(0, 2, 1, 3),
    ) as [Tensor, Tensor, Tensor];
    if (this.q_norm && this.k_norm) {
      q = this.q_norm.forward(q);
      k = this.k_norm.forward(k);
    }
    if (rotation) {
      q = rotate(q, rotation);
      k = rotate(k, rotation);
    }
    const seen = attention(q, k, v, head ** -0.5);
    return this.proj.forward(seen.transpose(0, 2, 1, 3).reshape(batch, tokens, dim), { scale, residual });
  }
}

class Mlp {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(w: Weights, dim: number, hidden: number) {
    this.fc1 = new Linear(w.at("fc1"), dim, hidden);
    this.fc2 = new Linear(w.at("fc2"), hidden, dim);
  }

  forward(x: Tensor, scale: Tensor, residual: Tensor): Tensor {
    return this.fc2.forward(this.fc1.forward(x, { curve: "gelu" }), { scale, residual });
  }
}

class SwiGlu {
  readonly w12: Linear;
  readonly w3: Linear;

  constructor(w: Weights, dim: number, hidden: number) {
    this.w12 = new Linear(w.at("w12"), dim, 2 * hidden);
    this.w3 = new Linear(w.at("w3"), hidden, dim);
  }

  forward(x: Tensor, scale: Tensor, residual: Tensor): Tensor {
    const [gate, value] = split(this.w12.forward(x), 2, 2) as [Tensor, Tensor];
    return this.w3.forward(gated(gate, value), { scale, residual });
  }
}

class Block {
  readonly norm1: LayerNorm;
  readonly attn: Attention;
  readonly ls1: Tensor;
  readonly norm2: LayerNorm;
  readonly mlp: Mlp | SwiGlu;
  readonly ls2: Tensor;

  constructor(w: Weights, config: VitConfig, headEps: number | undefined) {
    const { dim, heads, hidden, ffn, blockEps } = config;
    this.norm1 = new LayerNorm(w.at("norm1"), dim, blockEps);
    this.attn = new Attention(w.at("attn"), dim, heads, headEps);
    this.ls1 = w.take("ls1.gamma", [dim]);
    this.norm2 = new LayerNorm(w.at("norm2"), dim, blockEps);
    this.mlp = ffn === "gelu" ? new Mlp(w.at("mlp"), dim, hidden) : new SwiGlu(w.at("mlp"), dim, hidden);
    this.ls2 = w.take("ls2.gamma", [dim]);
  }

  forward(x: Tensor, rotation: Rotation | undefined): Tensor {
    const attend = () => this.attn.forward(this.norm1.forward(x), rotation, this.ls1, x);
    // On a CPU MLX hands out the memory of a whole graph before it runs: in halves it is that of one half.
    const seen = onGpu() ? attend() : computed(attend);
    return this.mlp.forward(this.norm2.forward(seen), this.ls2, seen);
  }
}

export class Vit {
  readonly cls_token: Tensor;
  readonly camera_token: Tensor | undefined;
  readonly pos_embed: Tensor;
  readonly patch_embed: PatchEmbed;
  readonly blocks: readonly Block[];
  readonly norm: LayerNorm;

  constructor(
    w: Weights,
    readonly config: VitConfig,
  ) {
    const { dim, depth, patch, grid, finalEps, anyView } = config;
    this.cls_token = w.take("cls_token", [1, 1, dim]);
    this.camera_token = anyView && w.take("camera_token", [1, 2, dim]);
    this.pos_embed = w.take("pos_embed", [1, 1 + grid * grid, dim]);
    this.patch_embed = new PatchEmbed(w.at("patch_embed.proj"), patch, dim);
    this.blocks = Array.from(
      { length: depth },
      (_, i) =>
        new Block(w.at("blocks").at(i), config, anyView && i >= anyView.start ? anyView.headEps : undefined),
    );
    this.norm = new LayerNorm(w.at("norm"), dim, finalEps);
  }

  /** Tokens of pictures [batch, rows, columns, 3], class token first. */
  embed(pixels: Tensor): Tensor {
    const { dim, patch } = this.config;
    const [batch, height, width] = pixels.shape as [number, number, number];
    const tokens = this.patch_embed.forward(pixels);
    const all = concat([this.cls_token.broadcastTo(batch, 1, dim), tokens], 1);
    return all.add(this.positions(height / patch, width / patch));
  }

  positions(rows: number, columns: number): Tensor {
    const { dim, grid, positions } = this.config;
    if (rows === grid && columns === grid) return this.pos_embed;
    const table = this.pos_embed.slice([0, 1]).reshape(1, grid, grid, dim).astype("float32");
    const factors = [(rows + 0.1) / grid, (columns + 0.1) / grid] as const;
    const resized = resize(table, rows, columns, "bicubic", positions === "offset" ? { factors } : {});
    const patches = resized.reshape(1, rows * columns, dim).astype(this.pos_embed.dtype);
    return concat([this.pos_embed.slice([0, 0], [1, 1]), patches], 1);
  }

  /** Runs pictures [batch, rows, columns, 3]. `step` is called after each block, with its output, and may throw to stop. */
  forward(pixels: Tensor, step: (block: number, tokens: Tensor) => void = () => {}): VitOutput {
    return scope(() => {
      const { patch, depth, anyView } = this.config;
      const [, height, width] = pixels.shape as [number, number, number];
      const rotations = anyView && this.#rotations(anyView, height / patch, width / patch);
      let x = computed(() => this.embed(pixels));
      let local = x;
      const taps = new Map<number, Tensor>();
      let token: Tensor | undefined;
      for (let i = 0; i < depth; i++) {
        if (i === anyView?.start) local = x = this.#cameraToken(x);
        const special = anyView !== undefined && i >= anyView.start;
        const global = special && i % 2 === 1;
        const rotation = special ? rotations?.[global ? "global" : "local"] : undefined;
        const spent = new Set([x, local]);
        x = computed(() => this.blocks[i]!.forward(x, rotation));
        if (!global) local = x;
        spent.delete(local);
        for (const tensor of spent) tensor[Symbol.dispose]();
        for (const [at, tap] of this.config.taps.entries()) {
          if (tap.block !== i) continue;
          const beside = anyView ? local : undefined;
          taps.set(
            at,
            computed(() => this.#tap(x, beside, tap.normalized)),
          );
          token = computed(() => (beside ? concat([beside, x], 2) : x).at(0, 1));
        }
        step(i, x);
      }
      return { taps: this.config.taps.map((_, at) => taps.get(at)!), token: token! };
    });
  }

  #tap(x: Tensor, beside: Tensor | undefined, normalized: boolean): Tensor {
    const own = normalized ? this.norm.forward(x) : x;
    return (beside ? concat([beside, own], 2) : own).slice([0, 1]).contiguous();
  }

  /** The class token becomes the camera token of the reference view. */
  #cameraToken(x: Tensor): Tensor {
    const [batch] = x.shape as [number];
    const { dim } = this.config;
    return computed(() => {
      const camera = this.camera_token!.slice([0, 0], [1, 1]).broadcastTo(batch, 1, dim);
      return concat([camera, x.slice([0, 1])], 1);
    });
  }

  /** Local blocks turn patches by their place; global blocks know only the token from the patches. */
  #rotations({ rotationBase }: AnyView, rows: number, columns: number) {
    const head = this.config.dim / this.config.heads;
    const places = Array.from(
      { length: rows * columns },
      (_, i) => [Math.floor(i / columns) + 1, (i % columns) + 1] as const,
    );
    const token = [0, 0] as const;
    return {
      local: rotation2d([token, ...places], head, rotationBase),
      global: rotation2d([token, ...places.map(() => [1, 1] as const)], head, rotationBase),
    };
  }
}

/** The convolution that makes patches into tokens has its stride for a kernel: a matrix on the pixels of a patch. */
class PatchEmbed {
  readonly weight: Tensor | Packed;
  readonly bias: Tensor;

  constructor(
    w: Weights,
    readonly patch: number,
    dim: number,
  ) {
    this.weight = w.matrix("weight", [dim, 3, patch, patch], (t) => t.transpose(0, 2, 3, 1).reshape(dim, -1));
    this.bias = w.take("bias", [dim]);
  }

  forward(pixels: Tensor): Tensor {
    const { patch } = this;
    const [batch, height, width] = pixels.shape as [number, number, number];
    const [rows, columns] = [height / patch, width / patch];
    const patches = pixels
      .astype(this.bias.dtype)
      .reshape(batch, rows, patch, columns, patch, 3)
      .transpose(0, 1, 3, 2, 4, 5)
      .reshape(batch, rows * columns, patch * patch * 3);
    return linear(patches, this.weight, this.bias);
  }
}
