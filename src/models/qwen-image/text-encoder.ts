import { concat, scope, type Tensor } from "../../../ffi/index.ts";
import type { Weights } from "../../nn/weights.ts";
import { CheckpointError } from "../../weights/checkpoint-error.ts";
import type { Tokenizer } from "../diffusion/tokenizer.ts";
import type { LanguageConfig, VisionConfig } from "./config.ts";
import { LanguageModel } from "./language.ts";
import { positionsOf } from "./positions.ts";
import { prompted } from "./prompt.ts";
import { type Patches, VisionTower } from "./vision.ts";

/** A picture as the language model sees it. */
export interface Seen {
  /** [tokens, channels] */
  tokens: Tensor;
  grid: readonly [rows: number, columns: number];
}

/** Qwen2.5-VL as Qwen-Image reads prompts with it. */
export class TextEncoder implements Disposable {
  readonly language: LanguageModel;
  /** Missing in files that were saved for pictures from words alone. */
  readonly vision: VisionTower | null;
  readonly imagePad: number;

  constructor(
    private readonly weights: Weights,
    language: LanguageConfig,
    vision: VisionConfig | null,
    readonly tokenizer: Tokenizer,
  ) {
    this.language = new LanguageModel(weights.at("model"), language);
    this.vision = vision && new VisionTower(weights.at("visual"), vision);
    this.imagePad = tokenizer.special("<|image_pad|>");
  }

  /** The part that looks at pictures. Throws if the files lack it. */
  get visionTower(): VisionTower {
    if (this.vision) return this.vision;
    throw new CheckpointError("text_encoder", "it was saved without the part that looks at pictures");
  }

  /** Looks at pictures once, for as many prompts as wanted. */
  see(pictures: readonly Patches[]): Seen[] {
    return pictures.map((picture) => {
      const vision = this.visionTower;
      const { spatial_merge_size: merge } = vision.config;
      return {
        tokens: vision.forward(picture),
        grid: [picture.rows / merge, picture.columns / merge] as const,
      };
    });
  }

  /** A prompt about some pictures, or none: [tokens, channels], without the task's own. */
  encode(prompt: string, seen: readonly Seen[], step?: (done: number, total: number) => void): Tensor {
    const { tokens, drop } = prompted(
      this.tokenizer,
      prompt,
      seen.map(({ grid: [rows, columns] }) => rows * columns),
    );
    const out = this.states(tokens, seen, step);
    return out.slice([drop]).astype("float32");
  }

  /** The last states of some tokens, pictures in their places. */
  states(
    tokens: readonly number[],
    seen: readonly Seen[],
    step?: (done: number, total: number) => void,
    tap?: (layer: number, x: Tensor) => void,
  ): Tensor {
    return scope(() => {
      const positions = positionsOf(
        tokens,
        this.imagePad,
        seen.map(({ grid }) => grid),
      );
      return this.language.forward(this.#spliced(tokens, seen), positions, step, tap);
    });
  }

  /** Words as their embeddings, pictures as what was seen. */
  #spliced(tokens: readonly number[], seen: readonly Seen[]): Tensor {
    const parts: Tensor[] = [];
    let from = 0;
    for (const picture of seen) {
      const at = tokens.indexOf(this.imagePad, from);
      if (at > from) parts.push(this.language.embed(tokens.slice(from, at)));
      parts.push(picture.tokens.astype(this.weights.options.dtype));
      from = at + picture.tokens.shape[0]!;
    }
    if (from < tokens.length) parts.push(this.language.embed(tokens.slice(from)));
    return parts.length === 1 ? parts[0]! : concat(parts, 0);
  }

  [Symbol.dispose](): void {
    this.weights[Symbol.dispose]();
  }
}
