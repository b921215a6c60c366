import { inputSizes } from "../../models/depth-anything/memory.ts";
import { sides } from "../../models/mini/memory.ts";
import type { Operation } from "../capability.ts";
import { depthProbe, depthVerb, focalLengthOption } from "../depth/verb.ts";
import type { Family } from "../family.ts";
import { prose } from "./contract.ts";
import { estimate, warm } from "./operation.ts";
import { rows } from "./settings.ts";
import { models } from "./variants.ts";

export const depthanything: Family = {
  ...models,
  domain: "image",
  label: "Depth Anything",
  title: prose.title,
  summary: prose.summary,
  description: prose.description,
  operations: [estimate as Operation],
  warm,
  pageFields: ["input_size"],
  settings: rows,
  verbs: [
    depthVerb([
      {
        name: "input_size",
        kind: "whole",
        value: "<pixels>",
        help:
          `side at which the network looks at the picture: ${sides.least} to ${sides.most} for mini, ` +
          `${inputSizes.min} to ${inputSizes.max} for the others`,
      },
      focalLengthOption,
    ]),
  ],
  probe: depthProbe,
};
