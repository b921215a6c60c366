import type { Kept, TextKeys, Tokens } from "../diffusion/phase.ts";

/** What FLUX.2's task gets beside what all families get. */
export type Flux2Input = {
  /** Whether the model was distilled, where its folder does not say. */
  distilled: boolean;
};

export type LookOutput = {
  seen: Tokens[];
  pictures: [];
  mask: null;
  keys: TextKeys;
  kept?: Kept;
  /** What previews are made with. */
  glance?: {
    projection: Float32Array<ArrayBuffer>;
    statistics: { mean: Float32Array<ArrayBuffer>; deviation: Float32Array<ArrayBuffer> };
  };
};
