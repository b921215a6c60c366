import { z } from "zod";
import type { Checkpoint } from "../../weights/checkpoint.ts";
import type { RopeKind } from "./rope.ts";

export interface TransformerConfig {
  width: number;
  text: number;
  heads: number;
  head: number;
  layers: number;
  /** Blocks below this one have weights for the picture and for the text, the others share one set. */
  separate: number;
  mlp: { kind: "swiglu" | "gelu"; hidden: number };
  rope: { kind: RopeKind; freqs: number };
  /** Windows along time, rows and columns of a picture of the reference size. */
  window: readonly [number, number, number];
  /** Whether the last block leaves the text alone. */
  lastPictureOnly: boolean;
  outputModulation: boolean;
  inputChannels: number;
  outputChannels: number;
}

/** What no tensor tells. */
const told = z.object({
  rope: z.enum(["lang", "pixel"]).optional(),
  window: z.tuple([z.int().positive(), z.int().positive(), z.int().positive()]).optional(),
  last_layer_vid_only: z.boolean().optional(),
});

/** The published networks by width and depth. */
const published: Readonly<Record<string, { rope: RopeKind; last_layer_vid_only: boolean }>> = {
  "2560x32": { rope: "lang", last_layer_vid_only: true },
  "3072x36": { rope: "pixel", last_layer_vid_only: false },
};

const patch = 2;

/** Reads the sizes of a transformer from its tensors, and the rest from `config.json` or the table of published networks. */
export function transformerConfig(checkpoint: Checkpoint): TransformerConfig {
  const shape = (name: string): readonly number[] =>
    checkpoint.shape(name) ?? checkpoint.fail(`it has no ${name}`);
  const layers = count(checkpoint, /^blocks\.(\d+)\./);
  const separate = count(checkpoint, /^blocks\.(\d+)\.attn\.proj_qkv\.vid\./);
  const stream = separate > 0 ? "vid" : "all";
  const [head] = shape(`blocks.0.attn.norm_q.${stream}.weight`) as [number];
  const [qkv, width] = shape(`blocks.0.attn.proj_qkv.${stream}.weight`) as [number, number];
  const [, input] = shape("vid_in.proj.weight") as [number, number];
  const [output] = shape("vid_out.proj.weight") as [number, number];
  const [, text] = shape("txt_in.weight") as [number, number];
  const [hidden] = shape(`blocks.0.mlp.${stream}.proj_in.weight`) as [number, number];
  const [freqs] = shape("blocks.0.attn.rope.rope.freqs") as [number];
  const parsed = told.safeParse(checkpoint.config ?? {});
  if (!parsed.success)
    checkpoint.fail(`config.json: ${parsed.error.issues[0]?.message ?? "it does not fit"}`);
  const outputModulation = checkpoint.has("vid_out_ada.out_shift");
  const known = published[`${width}x${layers}`];
  return {
    width,
    text,
    heads: qkv / 3 / head,
    head,
    layers,
    separate,
    mlp: { kind: checkpoint.has(`blocks.0.mlp.${stream}.proj_in_gate.weight`) ? "swiglu" : "gelu", hidden },
    // A network of another size is taken for one of the form whose output it has.
    rope: { kind: parsed.data.rope ?? known?.rope ?? (outputModulation ? "lang" : "pixel"), freqs },
    window: parsed.data.window ?? [4, 3, 3],
    lastPictureOnly: parsed.data.last_layer_vid_only ?? known?.last_layer_vid_only ?? outputModulation,
    outputModulation,
    inputChannels: input / patch ** 2,
    outputChannels: output / patch ** 2,
  };
}

function count(checkpoint: Checkpoint, pattern: RegExp): number {
  return Math.max(0, ...checkpoint.names().map((name) => Number(pattern.exec(name)?.[1] ?? -1) + 1));
}
