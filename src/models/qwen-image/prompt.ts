/**
 * How a prompt is put before the language model: as a task, with pictures where they are.
 *
 * @module
 */
import type { Tokenizer } from "../diffusion/tokenizer.ts";

const describing =
  "Describe the image by detailing the color, shape, size, texture, quantity, text, spatial relationships of the objects and " +
  "background:";
const editing =
  "Describe the key features of the input image (color, shape, size, texture, objects, background), then explain how the user's " +
  "text instruction should alter or modify the image. Generate a new image that meets the user's requirements while maintaining " +
  "consistency with the original input where appropriate.";

/** Tokens that a prompt may have. The transformer has seen no more. */
export const promptWindow = 1024;

export interface Prompted {
  tokens: number[];
  /** Tokens of the task's own, whose states are dropped. */
  drop: number;
  /** Tokens of the prompt itself. */
  length: number;
}

/** `pictures` tells how many places each of them takes; without any, the picture is described from the prompt alone. */
export function prompted(tokenizer: Tokenizer, prompt: string, pictures: readonly number[]): Prompted {
  const { encode } = tokenizer;
  const special = (name: string) => tokenizer.special(`<|${name}|>`);
  const edit = pictures.length > 0;
  const system = [
    special("im_start"),
    ...encode(`system\n${edit ? editing : describing}`),
    special("im_end"),
  ];
  const tokens = [...system, ...encode("\n"), special("im_start")];
  let text = "user\n";
  pictures.forEach((places, i) => {
    tokens.push(...encode(`${text}Picture ${i + 1}: `), special("vision_start"));
    for (let k = 0; k < places; k++) tokens.push(special("image_pad"));
    tokens.push(special("vision_end"));
    text = "";
  });
  tokens.push(...encode(text + prompt));
  tokens.push(special("im_end"), ...encode("\n"), special("im_start"), ...encode("assistant\n"));
  return { tokens, drop: edit ? 64 : 34, length: encode(prompt).length };
}
