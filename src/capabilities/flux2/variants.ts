import type { ModelSize } from "../../models/flux2/memory.ts";
import type { Copy, Variant } from "../capability.ts";
import { savedByMflux } from "../downloads.ts";

export const family = "flux2";

/** What a request gets that does not say otherwise, and what the name of a variant tells of its network. */
export interface Usual {
  steps: number;
  guidance: number;
  size: ModelSize;
  /** Distilled models take no guidance. */
  distilled: boolean;
}

const distilled = { steps: 4, guidance: 1, distilled: true };
/** The authors run these with guidance. */
const base = { steps: 40, guidance: 4, distilled: false };

const usual: Readonly<Record<string, Usual>> = {
  "klein-9b": { ...distilled, size: "9B" },
  "klein-base-4b": { ...base, size: "4B" },
  "klein-base-9b": { ...base, size: "9B" },
  "klein-4b": { ...distilled, size: "4B" },
};
export const usualOf = (variant: string): Usual => usual[variant]!;

interface About {
  name: string;
  repo: string;
  diskGb: number;
  revision?: string;
  note: string;
  copies?: readonly Copy[];
}

/** The repositories hold the transformer twice: only the folders are fetched. */
const files = ["model_index.json", "scheduler/*", "text_encoder/*", "tokenizer/*", "transformer/*", "vae/*"];

const variant = (
  { name, repo: short, diskGb, revision = "main", note, copies }: About,
  licence: { name: string; commercial: boolean; gated: boolean },
): Variant => {
  const repo = `black-forest-labs/${short}`;
  return {
    name,
    aliases: [`flux2-${name}`, repo],
    repo,
    features: ["image", "text"],
    licence: {
      name: licence.name,
      url: `https://huggingface.co/${repo}`,
      commercial: licence.commercial,
    },
    downloads: [{ kind: "huggingface", repo, revision, files, ...(licence.gated && { gated: true }) }],
    note,
    diskGb,
    ...(copies && { copies }),
  };
};

const free = { name: "Apache-2.0", commercial: true, gated: false };
const closed = { name: "FLUX Non-Commercial License", commercial: false, gated: true };

export const variants: readonly Variant[] = [
  variant(
    {
      name: "klein-9b",
      repo: "FLUX.2-klein-9B",
      diskGb: 34.8,
      note: "distilled: a picture in 4 steps, without guidance; not for commercial use",
      copies: [
        savedByMflux(8, "mflux-community/flux2-klein-9b-mflux-q8", 17.9),
        savedByMflux(4, "mflux-community/flux2-klein-9b-mflux-q4", 9.5),
      ],
    },
    closed,
  ),
  variant(
    {
      name: "klein-base-4b",
      repo: "FLUX.2-klein-base-4B",
      diskGb: 16,
      note: "the network that klein-4b was distilled from: 40 steps, follows guidance",
      copies: [
        savedByMflux(
          4,
          "mflux-community/flux-2-klein-base-4b-mflux-q4",
          4.6,
          "f69aa0b43285d0db24695ba68faabbdb1a0ad016",
        ),
      ],
    },
    free,
  ),
  variant(
    {
      name: "klein-base-9b",
      repo: "FLUX.2-klein-base-9B",
      diskGb: 34.8,
      note: "the network that klein-9b was distilled from: 40 steps, follows guidance; not for commercial use",
    },
    closed,
  ),
  variant(
    {
      name: "klein-4b",
      repo: "FLUX.2-klein-4B",
      revision: "e7b7dc27f91deacad38e78976d1f2b499d76a294",
      diskGb: 16,
      note: "distilled: a picture in 4 steps, without guidance; free for every use, and fits 16 GB",
      copies: [
        savedByMflux(
          8,
          "mflux-community/flux2-klein-4b-mflux-q8",
          8.6,
          "261787352bed056874d2b0ca01e57455a667b453",
        ),
        savedByMflux(
          4,
          "mflux-community/flux2-klein-4b-mflux-q4",
          4.6,
          "794cd159538149ad9830848508c31f0ea7088e58",
        ),
      ],
    },
    free,
  ),
];

export const names = variants.map(({ name }) => name);

/** The variant of OpenAI's route and of the command line: free, without a gate, and small. */
export const free4b = "klein-4b";
