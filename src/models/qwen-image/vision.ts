import { concat, evaluate, linear, rmsNorm, scope, Tensor } from "../../../ffi/index.ts";
import { attention } from "../../nn/attention.ts";
import { GatedMlp } from "../../nn/gated-mlp.ts";
import { Linear } from "../../nn/linear.ts";
import { type PairRotation, rotateHalves } from "../../nn/rope.ts";
import type { Weights } from "../../nn/weights.ts";
import type { VisionConfig } from "./config.ts";

const eps = 1e-6;
const theta = 10_000;

/** Patches of a picture: [patches, 3 · frames · side · side], squares of `merge` by `merge` together, and their grid. */
export interface Patches {
  values: Tensor;
  rows: number;
  columns: number;
}

/** The eyes of Qwen2.5-VL: a picture's patches to tokens of the language model. */
export class VisionTower {
  readonly patch_embed: Tensor;
  readonly blocks: Block[];
  readonly merger: { ln_q: Tensor; mlp: readonly [Linear, Linear] };

  constructor(
    private readonly weights: Weights,
    readonly config: VisionConfig,
  ) {
    const w = weights;
    const { hidden_size, depth, patch_size, temporal_patch_size, spatial_merge_size, out_hidden_size } =
      config;
    const patch = [3, temporal_patch_size, patch_size, patch_size];
    this.patch_embed = w.take("patch_embed.proj.weight", [hidden_size, ...patch], (t) =>
      t.reshape(hidden_size, -1),
    );
    this.blocks = Array.from({ length: depth }, (_, i) => new Block(w.at("blocks").at(i), config));
    const merged = hidden_size * spatial_merge_size ** 2;
    const merger = w.at("merger");
    this.merger = {
      ln_q: merger.take("ln_q.weight", [hidden_size]),
      mlp: [
        new Linear(merger.at("mlp").at(0), merged, merged),
        new Linear(merger.at("mlp").at(2), merged, out_hidden_size),
      ],
    };
  }

  /** [tokens, channels], one for each square of patches, rows first. */
  forward({ values, rows, columns }: Patches): Tensor {
    const { hidden_size, spatial_merge_size: merge, fullatt_block_indexes } = this.config;
    const unit = merge ** 2;
    return scope(() => {
      const windows = windowsOf(rows / merge, columns / merge, this.config);
      const order = Int32Array.from(windows.flatMap(({ units }) => units.flat()));
      const back = new Int32Array(order.length);
      order.forEach((place, i) => {
        back[place] = i;
      });
      const rope = rotationOf(rows, columns, order, this.config);
      let x = values
        .astype(this.weights.options.dtype)
        .reshape(order.length, unit, -1)
        .take(Tensor.from(order), 0)
        .reshape(order.length * unit, -1);
      x = linear(x, this.patch_embed);
      this.blocks.forEach((block, i) => {
        const groups = fullatt_block_indexes.includes(i)
          ? [{ count: 1, length: order.length * unit }]
          : windows.map(({ units }) => ({ count: units.length, length: units[0]!.length * unit }));
        x = scope(() => block.forward(x, rope, groups));
        evaluate(x);
      });
      const { ln_q, mlp } = this.merger;
      const squares = rmsNorm(x, ln_q, eps).reshape(order.length, unit * hidden_size);
      return mlp[1].forward(mlp[0].forward(squares, { curve: "gelu" })).take(Tensor.from(back), 0);
    });
  }
}

/** Runs of patches: windows of equal length in order. */
interface Group {
  count: number;
  length: number;
}

class Block {
  readonly norm1: Tensor;
  readonly attn: { qkv: Linear; proj: Linear };
  readonly norm2: Tensor;
  readonly mlp: GatedMlp;

  constructor(
    w: Weights,
    readonly config: VisionConfig,
  ) {
    const { hidden_size, intermediate_size } = config;
    this.norm1 = w.take("norm1.weight", [hidden_size]);
    const attn = w.at("attn");
    this.attn = {
      qkv: new Linear(attn.at("qkv"), hidden_size, 3 * hidden_size),
      proj: new Linear(attn.at("proj"), hidden_size, hidden_size),
    };
    this.norm2 = w.take("norm2.weight", [hidden_size]);
    this.mlp = new GatedMlp(w.at("mlp"), hidden_size, intermediate_size);
  }

  forward(x: Tensor, rope: PairRotation, groups: readonly Group[]): Tensor {
    const attended = x.add(this.#attend(rmsNorm(x, this.norm1, eps), rope, groups));
    return attended.add(this.mlp.forward(rmsNorm(attended, this.norm2, eps)));
  }

  #attend(x: Tensor, rope: PairRotation, groups: readonly Group[]): Tensor {
    const { num_heads: heads, hidden_size } = this.config;
    const head = hidden_size / heads;
    const qkv = this.attn.qkv.forward(x).reshape(-1, 3, heads, head).transpose(1, 2, 0, 3);
    const q = rotateHalves(qkv.slice([0], [1]), rope);
    const k = rotateHalves(qkv.slice([1], [2]), rope);
    const v = qkv.slice([2], [3]);
    let from = 0;
    const parts = groups.map(({ count, length }) => {
      const to = from + count * length;
      const cut = (t: Tensor) =>
        t.slice([0, 0, from], [1, heads, to]).reshape(heads, count, length, head).transpose(1, 0, 2, 3);
      const met = attention(cut(q), cut(k), cut(v), head ** -0.5);
      from = to;
      return met.transpose(0, 2, 1, 3).reshape(count * length, hidden_size);
    });
    return this.attn.proj.forward(parts.length === 1 ? parts[0]! : concat(parts, 0));
  }
}

/** Windows of equal size together: their squares of patches by number, rows first. */
function windowsOf(rows: number, columns: number, config: VisionConfig): { units: number[][] }[] {
  const side = config.window_size / config.patch_size / config.spatial_merge_size;
  const bySize = new Map<number, number[][]>();
  for (let top = 0; top < rows; top += side)
    for (let left = 0; left < columns; left += side) {
      const units: number[] = [];
      for (let row = top; row < Math.min(top + side, rows); row++)
        for (let column = left; column < Math.min(left + side, columns); column++)
          units.push(row * columns + column);
      bySize.set(units.length, [...(bySize.get(units.length) ?? []), units]);
    }
  return [...bySize.values()].map((units) => ({ units }));
}

/** Half of a head's angles turn by the row, the others by the column. */
function rotationOf(rows: number, columns: number, order: Int32Array, config: VisionConfig): PairRotation {
  const { hidden_size, num_heads, spatial_merge_size: merge } = config;
  const quarter = hidden_size / num_heads / 4;
  const frequencies = Array.from({ length: quarter }, (_, j) => Math.fround(1 / theta ** (j / quarter)));
  const wide = columns / merge;
  const angles: number[] = [];
  for (const unit of order)
    for (let y = 0; y < merge; y++)
      for (let x = 0; x < merge; x++) {
        const row = Math.floor(unit / wide) * merge + y;
        const column = (unit % wide) * merge + x;
        angles.push(...frequencies.map((f) => row * f), ...frequencies.map((f) => column * f));
      }
  const shape = [rows * columns, 2 * quarter];
  return {
    cos: Tensor.from(Float32Array.from(angles, Math.cos), shape),
    sin: Tensor.from(Float32Array.from(angles, Math.sin), shape),
  };
}
