import { Checkpoint } from "../../weights/checkpoint.ts";
import { type Rename, renaming } from "../../weights/naming.ts";
import { component, folder, type LoadOptions, loaded } from "../diffusion/parts.ts";
import { loadTokenizer, type Tokenizer } from "../diffusion/tokenizer.ts";
import { qwen3Config } from "./config.ts";
import { Qwen3 } from "./qwen3.ts";

/** Never read: the image models take states from below the last layer. Angles are computed. */
const unused = [/^model\.norm\./, /^lm_head\./, /rotary_emb\.inv_freq$/];

const beyond = (layers: number) => new RegExp(`^model\\.layers\\.(?!(?:${range(layers)})\\.)\\d+\\.`);
const range = (count: number) => Array.from({ length: count }, (_, i) => i).join("|") || "(?!)";

/** Files that mflux has saved leave out the first word of the names. */
const naming = (names: readonly string[]): Rename =>
  names.some((name) => name.startsWith("model."))
    ? (name) => name
    : renaming([[/^(embed_tokens|layers|norm|rotary_emb)\./, "model.$1."]]);

/** The first layers of the text encoder of a pipeline; as many as `count` says of those that there are. */
export function loadQwen3(
  paths: readonly string[],
  model: string,
  count: (layers: number) => number,
  options: LoadOptions = {},
): Qwen3 {
  using checkpoint = Checkpoint.open([component(paths, "text_encoder", model)], naming);
  const config = qwen3Config(checkpoint);
  const layers = count(config.layers);
  return loaded(
    checkpoint,
    options,
    [...unused, beyond(layers)],
    (weights) => new Qwen3(weights, config, layers),
  );
}

export const qwenTokenizer = (paths: readonly string[]): Tokenizer =>
  loadTokenizer(["tokenizer", "text_encoder"].flatMap((name) => folder(paths, name) ?? []));
