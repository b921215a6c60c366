import { scope, type Tensor } from "../../../ffi/index.ts";
import { type Interval, isInside } from "../diffusion/interval.ts";
import { type Kept, keeping } from "../diffusion/keeping.ts";
import type { Grid } from "../diffusion/rotations.ts";
import type { StepCache } from "../diffusion/step-cache.ts";
import { numbers, type Step, type Text, type Tokens, textTensor, tokensTensor } from "../diffusion/tokens.ts";
import type { Flux2Transformer } from "./transformer.ts";

export interface Denoising {
  transformer: Flux2Transformer;
  /** What is left of the noise, from the first step that is run to 0. */
  sigmas: readonly number[];
  start: Tokens;
  references: readonly Tokens[];
  /** Of an edit of a part: the picture that stays, the noise that it stands under on the way, and the mask. */
  kept?: Kept;
  positive: Text;
  /** Without it there is no guidance. */
  negative?: Text | undefined;
  guidance: number;
  /** The part of the steps in which the negative prompt counts. */
  interval?: Interval | null;
  cache?: StepCache | undefined;
  step?: Step;
  /** Told after a step what the picture will be like, as far as can be said: clean tokens. */
  guess?: (done: number, tokens: () => Tensor) => void;
}

/** From noise to the tokens of a picture. */
export function denoise(run: Denoising): Tokens {
  const { transformer, sigmas, start, guidance } = run;
  const { step = () => {}, guess = () => {} } = run;
  const total = sigmas.length - 1;
  const gridOf = ({ rows, columns }: Tokens): Grid => [rows, columns];
  return scope(() => {
    const references = run.references.map((tokens) => ({
      tokens: tokensTensor(tokens),
      grid: gridOf(tokens),
    }));
    const texts = run.negative && guidance > 1 ? [run.positive, run.negative] : [run.positive];
    const sides = texts.map((text) => transformer.side(textTensor(text), gridOf(start), references));
    const keep = keeping(run.kept);
    let latents = tokensTensor(start);
    for (let i = 0; i < total; i++) {
      const sigma = sigmas[i]!;
      latents = scope(() => {
        const texts = isInside(run.interval, i, total) ? [...sides.keys()] : [0];
        run.cache?.begin(texts);
        const [wanted, other] = texts.map((text) =>
          transformer.forward(
            latents,
            sigma,
            sides[text]!,
            (done, blocks) => step(i + (text + done / blocks) / texts.length, total),
            undefined,
            run.cache?.pass([text]),
          ),
        );
        const velocity = other ? other.add(wanted!.sub(other).mul(guidance)) : wanted!;
        guess(i + 1, () => keep(latents.sub(velocity.mul(sigma)), 0));
        return keep(latents.add(velocity.mul(sigmas[i + 1]! - sigma)), sigmas[i + 1]!);
      });
    }
    return { data: numbers(latents), rows: start.rows, columns: start.columns };
  });
}
