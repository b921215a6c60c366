import { scope, type Tensor } from "../../../ffi/index.ts";
import { type Interval, isInside } from "../diffusion/interval.ts";
import type { StepCache } from "../diffusion/step-cache.ts";
import { numbers, type Step, type Text, type Tokens, textTensor, tokensTensor } from "../diffusion/tokens.ts";
import { unpack } from "./pictures.ts";
import type { ZImageTransformer } from "./transformer.ts";

export interface Denoising {
  transformer: ZImageTransformer;
  /** What is left of the noise, from 1 to 0. */
  sigmas: readonly number[];
  start: Tokens;
  positive: Text;
  /** Without it there is no guidance. */
  negative?: Text | undefined;
  guidance: number;
  /** The part of the steps in which the negative prompt counts. */
  interval?: Interval | null;
  cache?: StepCache | undefined;
  step?: Step;
  /** Told after a step what the picture will be like, as far as can be said: clean latents [rows, columns, channels]. */
  guess?: (done: number, latents: () => Tensor) => void;
}

/** From noise to the tokens of a picture. */
export function denoise(run: Denoising): Tokens {
  const { transformer, sigmas, start, guidance } = run;
  const { step = () => {}, guess = () => {} } = run;
  const { rows, columns } = start;
  const total = sigmas.length - 1;
  return scope(() => {
    const side = (text: Text) => transformer.side(textTensor(text), [rows, columns]);
    const texts = run.negative && guidance > 1 ? [run.positive, run.negative] : [run.positive];
    const sides = texts.map(side);
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
        // The authors' form: 4 here is what elsewhere is 5.
        const velocity = other ? wanted!.add(wanted!.sub(other).mul(guidance)) : wanted!;
        guess(i + 1, () => unpack(latents.sub(velocity.mul(sigma)), rows, columns));
        return latents.add(velocity.mul(sigmas[i + 1]! - sigma));
      });
    }
    return { data: numbers(latents), rows, columns };
  });
}
