import type { Bits } from "../../engine/task.ts";
import type { Download, Variant } from "../capability.ts";
import type { DepthUnit } from "../depth/phase.ts";
import { floatBytes, type NetworkSize, pictureBytes, weightBytes } from "../depth/weights.ts";

/** A network's sizes, from its tensor table. */
interface Network extends NetworkSize {
  /** Width of a token, heads of 64, and channels of the head's largest map at full size. */
  width: number;
  heads: number;
  channels: number;
}

export interface DepthVariant extends Variant {
  version: 2 | 3;
  /** Where it is not its version's. */
  sizing?: { inputSize: number; bound: "short" | "long" };
  network: Network;
  /** What its numbers mean. A metric V3 model gives metres only where the focal length is known. */
  unit: DepthUnit;
}

/** Side that the network runs at when a request names none, and which side that is: the rules of each version's authors. */
export const sizing = {
  2: { inputSize: 518, bound: "short" },
  3: { inputSize: 504, bound: "long" },
} as const;

const apache = { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0", commercial: true };
const nonCommercial = {
  name: "CC-BY-NC-4.0",
  url: "https://creativecommons.org/licenses/by-nc/4.0/",
  commercial: false,
};
const unstated = {
  name: "not stated by its authors",
  url: "https://github.com/DepthAnything/Depth-Anything-V2/issues/245",
  commercial: false,
};

const v2 = {
  small: { parameters: 24.8, quantizable: 21.2, width: 384, heads: 6, channels: 32 },
  base: { parameters: 97.5, quantizable: 84.9, width: 768, heads: 12, channels: 64 },
  large: { parameters: 335.3, quantizable: 302, width: 1024, heads: 16, channels: 128 },
  giant: { parameters: 1258.2, quantizable: 1132, width: 1536, heads: 24, channels: 192 },
};
const v3 = {
  small: { parameters: 25, quantizable: 21.2, width: 384, heads: 6, channels: 32 },
  base: { parameters: 98.3, quantizable: 84.9, width: 768, heads: 12, channels: 64 },
  large: { parameters: 337, quantizable: 302, width: 1024, heads: 16, channels: 128 },
  giant: { parameters: 1172, quantizable: 1132, width: 1536, heads: 24, channels: 128 },
  mono: { parameters: 334.2, quantizable: 302, width: 1024, heads: 16, channels: 128 },
  nested: { parameters: 1525, quantizable: 1434, width: 1536, heads: 24, channels: 128 },
};

const published = (repo: string): readonly Download[] => [
  { kind: "huggingface", repo, revision: "main", files: ["config.json", "model.safetensors"] },
];

/** The published V2 models, in the conversion to safetensors that their authors host too. */
function version2(
  name: string,
  size: "Small" | "Base" | "Large",
  options: { metric?: "Indoor" | "Outdoor"; licence: Variant["licence"]; diskGb: number },
): DepthVariant {
  const { metric, licence, diskGb } = options;
  const original = metric
    ? `Depth-Anything-V2-Metric-${{ Indoor: "Hypersim", Outdoor: "VKITTI" }[metric]}-${size}`
    : `Depth-Anything-V2-${size}`;
  const converted = `depth-anything/Depth-Anything-V2-${metric ? `Metric-${metric}-` : ""}${size}-hf`;
  return {
    name,
    aliases: [`depth-anything-${name}`, original, `depth-anything/${original}`, converted],
    repo: `depth-anything/${original}`,
    features: metric ? ["depth", "image", "metric"] : ["depth", "image"],
    licence,
    downloads: published(converted),
    diskGb,
    version: 2,
    network: v2[size.toLowerCase() as Lowercase<typeof size>],
    unit: metric ? "metre" : "relative_inverse",
  };
}

function version3(
  name: string,
  repo: string,
  options: Pick<DepthVariant, "licence" | "diskGb" | "network" | "unit">,
): DepthVariant {
  return {
    name,
    aliases: [`depth-anything-${name}`, repo, `depth-anything/${repo}`],
    repo: `depth-anything/${repo}`,
    features: options.unit === "metre" ? ["depth", "image", "metric"] : ["depth", "image"],
    downloads: published(`depth-anything/${repo}`),
    version: 3,
    ...options,
  };
}

/** In the order in which a request without `model` tries them. */
export const variants: readonly DepthVariant[] = [
  version2("v2-small", "Small", { licence: apache, diskGb: 0.1 }),
  version2("v2-base", "Base", { licence: nonCommercial, diskGb: 0.4 }),
  version2("v2-large", "Large", { licence: nonCommercial, diskGb: 1.3 }),
  {
    name: "v2-giant",
    aliases: ["depth-anything-v2-giant", "Depth-Anything-V2-Giant"],
    repo: "depth-anything/Depth-Anything-V2-Giant",
    features: ["depth", "image"],
    licence: nonCommercial,
    // Its authors never released it: it runs from a place that the operator names, and nothing is fetched.
    downloads: [],
    diskGb: 5,
    version: 2,
    network: v2.giant,
    unit: "relative_inverse",
  },
  version2("v2-metric-indoor-small", "Small", { metric: "Indoor", licence: unstated, diskGb: 0.1 }),
  version2("v2-metric-indoor-base", "Base", { metric: "Indoor", licence: unstated, diskGb: 0.4 }),
  version2("v2-metric-indoor-large", "Large", { metric: "Indoor", licence: unstated, diskGb: 1.3 }),
  version2("v2-metric-outdoor-small", "Small", { metric: "Outdoor", licence: unstated, diskGb: 0.1 }),
  version2("v2-metric-outdoor-base", "Base", { metric: "Outdoor", licence: unstated, diskGb: 0.4 }),
  version2("v2-metric-outdoor-large", "Large", { metric: "Outdoor", licence: unstated, diskGb: 1.3 }),
  version3("v3-small", "DA3-SMALL", {
    licence: apache,
    diskGb: 0.14,
    network: v3.small,
    unit: "relative",
  }),
  version3("v3-base", "DA3-BASE", { licence: apache, diskGb: 0.54, network: v3.base, unit: "relative" }),
  version3("v3-large", "DA3-LARGE-1.1", {
    licence: nonCommercial,
    diskGb: 1.7,
    network: v3.large,
    unit: "relative",
  }),
  version3("v3-giant", "DA3-GIANT-1.1", {
    licence: nonCommercial,
    diskGb: 5.4,
    network: v3.giant,
    unit: "relative",
  }),
  version3("v3-mono-large", "DA3MONO-LARGE", {
    licence: apache,
    diskGb: 1.4,
    network: v3.mono,
    unit: "relative",
  }),
  version3("v3-metric-large", "DA3METRIC-LARGE", {
    licence: apache,
    diskGb: 1.4,
    network: v3.mono,
    unit: "metre",
  }),
  version3("v3-nested-giant-large", "DA3NESTED-GIANT-LARGE-1.1", {
    licence: nonCommercial,
    diskGb: 6.8,
    network: v3.nested,
    unit: "metre",
  }),
  {
    name: "mini",
    aliases: ["depth-anything-mini"],
    repo: "easel/mini",
    features: ["depth", "image", "try-out"],
    note: "A rough model to try things out, with no downloads. For real work: easel activate --model depthanything/v2-small",
    licence: apache,
    downloads: [],
    embedded: "mini.safetensors",
    diskGb: 0,
    version: 2,
    sizing: { inputSize: 192, bound: "short" },
    // Convolutions: the unfolded columns of the first one are what the channels stand for.
    network: { parameters: 1, quantizable: 0, width: 144, heads: 0, channels: 12 },
    unit: "relative_inverse",
  },
];

export const PATCH = 14;
/** Attention works on this many rows of its scores at a time, and on no more bytes of them. */
const QUERY_ROWS = 512;
const SCORE_BYTES = 64e6;
/** Maps at the full size are made in strips, of which so many bytes are alive at once. */
const STRIP_BYTES = 150e6;

/** Memory for a network that runs on `width` × `height` pixels, of a picture of `pixels`. */
export function footprint(
  { network }: Pick<DepthVariant, "network">,
  bits: Bits,
  size: { width: number; height: number },
  pixels: number,
): { weights: number; working: number } {
  const area = size.width * size.height;
  const tokens = area / PATCH ** 2 + 1;
  // The maps that the head holds, in single precision everywhere, and strips of those at the full size; one block's own values, the
  // four outputs that the head starts from, a chunk of scores.
  const map = area * network.channels * 4;
  const head = 0.75 * map + Math.min(1.75 * map, STRIP_BYTES);
  const block = tokens * network.width * (3 + 4 + 2);
  const taps = 4 * tokens * network.width * 2;
  const scores = Math.min(
    2 * network.heads * Math.min(QUERY_ROWS, tokens) * tokens * floatBytes,
    SCORE_BYTES,
  );
  return {
    weights: weightBytes(network, bits),
    working: Math.round(head + (block + taps) * floatBytes + scores) + pictureBytes(pixels),
  };
}

/** Longest side of a network's picture, in short sides. */
const LONGEST = 8;

/**
 * A picture longer than that is bound by its long side instead: its short side would make it grow without end, and a strip of one
 * row has nothing more to show.
 */
export function boundFor(
  picture: { width: number; height: number },
  { inputSize, bound }: { inputSize: number; bound: "short" | "long" },
): { inputSize: number; bound: "short" | "long" } {
  const long = Math.max(picture.width, picture.height);
  const short = Math.min(picture.width, picture.height);
  return bound === "short" && long > LONGEST * short
    ? { inputSize: LONGEST * inputSize, bound: "long" }
    : { inputSize, bound };
}

/**
 * The size that a network runs at, close enough for memory: the named side at `inputSize`, the other in proportion, both in whole
 * patches.
 */
export function networkSize(
  picture: { width: number; height: number },
  inputSize: number,
  bound: "short" | "long",
): { width: number; height: number } {
  const side = bound === "short" ? Math.min : Math.max;
  const scale = inputSize / side(picture.width, picture.height);
  const patches = (length: number) => Math.max(1, Math.ceil((length * scale) / PATCH)) * PATCH;
  return { width: patches(picture.width), height: patches(picture.height) };
}
