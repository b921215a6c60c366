/**
 * What can be downloaded of a model: its published weights, copies of them in fewer bits, and adapters for few steps.
 *
 * @module
 */
import type { Bits } from "../engine/task.ts";
import { Refusal } from "../errors.ts";
import type { Copy, Download, Variant } from "./capability.ts";

/** What a download is asked for with. */
export interface Wanted {
  /** A copy with that many bits in the place of the published weights. */
  bits?: number | undefined;
  /** Adapters for few steps besides. */
  fast?: boolean | undefined;
}

/** Sets of downloads, each of which is a whole model. */
export const wholes = ({ downloads, copies = [] }: Pick<Variant, "downloads" | "copies">) => [
  downloads,
  ...copies.map((copy) => copy.downloads),
];

/** Everything of a model that can be on the disk. */
export const allDownloads = (variant: Pick<Variant, "downloads" | "copies" | "fast">): Download[] => [
  ...wholes(variant).flat(),
  ...adapters(variant),
];

const adapters = ({ fast = [] }: Pick<Variant, "fast">) => fast.map(({ download }) => download);

/** A model whose weights are those of a copy. */
export const ofCopy = <V extends object>(variant: V, { bits, repo, downloads, diskGb, licence }: Copy) => ({
  ...variant,
  bits,
  repo,
  downloads,
  diskGb,
  ...(licence && { licence }),
});

/**
 * A model with the downloads that were asked for.
 *
 * @throws {Refusal} Where there is no copy with these bits.
 */
export function chosenDownload(model: string, variant: Variant, { bits, fast }: Wanted): Variant {
  const chosen = bits === undefined || bits === variant.bits ? variant : withBits(model, variant, bits);
  return fast ? { ...chosen, downloads: [...chosen.downloads, ...adapters(variant)] } : chosen;
}

function withBits(model: string, variant: Variant, bits: number): Variant {
  const { copies = [] } = variant;
  const copy = copies.find((each) => each.bits === bits);
  if (copy) return ofCopy(variant, copy);
  const there = [...(variant.bits ? [variant.bits] : []), ...copies.map((each) => each.bits)];
  throw new Refusal(
    "invalid_parameter",
    there.length > 0
      ? `${model} is published in ${there.join(" and ")} bits, not in ${bits}`
      : `${model} is not published in fewer bits: leave bits out, and ask for them with quantize in a request`,
  );
}

/** A folder that mflux has saved: a repository, or a commit of it where one is known. */
export const savedByMflux = (
  bits: NonNullable<Bits>,
  repo: string,
  diskGb: number,
  revision = "main",
): Copy => ({
  bits,
  repo,
  diskGb,
  downloads: [{ kind: "huggingface", repo, revision, files: mfluxFiles }],
});

export const mfluxFiles = ["transformer/*", "text_encoder/*", "vae/*", "tokenizer/*"];
