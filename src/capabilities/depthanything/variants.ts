import type { Bits } from "../../engine/task.ts";
import type { Size, Sizing } from "../../images/sizing.ts";
import * as memory from "../../models/depth-anything/memory.ts";
import * as mini from "../../models/mini/memory.ts";
import type { TensorTable } from "../../weights/tensor-table.ts";
import type { Download, Variant } from "../capability.ts";
import type { DepthUnit } from "../depth/phase.ts";
import { floatBytes } from "../footprint.ts";
import type { Models } from "../model.ts";

/** Facts of a variant's network, for plans. */
export interface DepthNetwork {
  /** The size that it runs at unless a request names one. */
  sizing: Sizing;
  /** Smallest and largest `input_size`. */
  sizes: { readonly min: number; readonly max: number };
  /** Whether it has matrices that quantize. */
  quantizes: boolean;
  /** The size that it sees a picture at. */
  sizeSeen(picture: Size, sizing: Sizing): Size;
  /** Its memory: as the files have it, or as it was published. */
  memory(files?: TensorTable): NetworkMemory;
}

export interface NetworkMemory {
  weightBytes(bits: Bits): number;
  /** Bytes of the activations at their peak, for a picture of the size seen. */
  workingBytes(seen: Size): number;
}

export interface DepthVariant extends Variant {
  network: DepthNetwork;
  /** What its numbers mean. */
  unit: DepthUnit;
  /** Its depth is in metres only where the focal length is known. */
  needsFocalLength?: true;
}

const depthAnything = (version: 2 | 3, published: memory.NetworkSize): DepthNetwork => ({
  sizing: memory.usualSizing[version],
  sizes: memory.inputSizes,
  quantizes: true,
  sizeSeen: (picture, sizing) => memory.networkSizes(version, picture, sizing)[1],
  memory(files) {
    const size = (files && memory.sizeOfFiles(files)) ?? published;
    return {
      weightBytes: (bits) => memory.weightBytes(size, bits, floatBytes),
      workingBytes: (seen) => memory.workingBytes(size, seen, floatBytes),
    };
  },
});

const miniNetwork: DepthNetwork = {
  sizing: mini.usualSizing,
  sizes: { min: mini.sides.least, max: mini.sides.most },
  quantizes: false,
  sizeSeen: mini.sizeSeen,
  memory: (files) => ({
    weightBytes: () => mini.weightBytes(files),
    workingBytes: mini.workingBytes,
  }),
};

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
    network: depthAnything(2, memory.v2[size.toLowerCase() as Lowercase<typeof size>]),
    unit: metric ? "metre" : "relative_inverse",
  };
}

function version3(
  name: string,
  repo: string,
  options: Pick<DepthVariant, "licence" | "diskGb" | "network" | "unit" | "needsFocalLength">,
): DepthVariant {
  return {
    name,
    aliases: [`depth-anything-${name}`, repo, `depth-anything/${repo}`],
    repo: `depth-anything/${repo}`,
    features: options.unit === "metre" ? ["depth", "image", "metric"] : ["depth", "image"],
    downloads: published(`depth-anything/${repo}`),
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
    network: depthAnything(2, memory.v2.giant),
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
    network: depthAnything(3, memory.v3.small),
    unit: "relative",
  }),
  version3("v3-base", "DA3-BASE", {
    licence: apache,
    diskGb: 0.54,
    network: depthAnything(3, memory.v3.base),
    unit: "relative",
  }),
  version3("v3-large", "DA3-LARGE-1.1", {
    licence: nonCommercial,
    diskGb: 1.7,
    network: depthAnything(3, memory.v3.large),
    unit: "relative",
  }),
  version3("v3-giant", "DA3-GIANT-1.1", {
    licence: nonCommercial,
    diskGb: 5.4,
    network: depthAnything(3, memory.v3.giant),
    unit: "relative",
  }),
  version3("v3-mono-large", "DA3MONO-LARGE", {
    licence: apache,
    diskGb: 1.4,
    network: depthAnything(3, memory.v3.mono),
    unit: "relative",
  }),
  version3("v3-metric-large", "DA3METRIC-LARGE", {
    licence: apache,
    diskGb: 1.4,
    network: depthAnything(3, memory.v3.mono),
    unit: "metre",
    needsFocalLength: true,
  }),
  version3("v3-nested-giant-large", "DA3NESTED-GIANT-LARGE-1.1", {
    licence: nonCommercial,
    diskGb: 6.8,
    network: depthAnything(3, memory.v3.nested),
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
    network: miniNetwork,
    unit: "relative_inverse",
  },
];

export const family = "depthanything";

export const models: Models = {
  family,
  variants,
  // A model that the operator gave a path is meant, also when nothing is there: the try-out model must not answer in its place.
  defaultVariant: (context) =>
    variants.find(
      ({ name }) =>
        `${family}/${name}` in context.settings.model_paths || "source" in context.activation(family, name),
    )?.name ?? "mini",
};
