import type { Operation } from "../capability.ts";
import { depthProbe, depthVerb, focalLengthOption } from "../depth/verb.ts";
import type { Family } from "../family.ts";
import { prose } from "./contract.ts";
import { estimate, warm } from "./operation.ts";
import { rows } from "./settings.ts";
import { models } from "./variants.ts";

export const depthpro: Family = {
  ...models,
  domain: "image",
  label: "Depth Pro",
  title: prose.title,
  summary: prose.summary,
  description: prose.description,
  operations: [estimate as Operation],
  warm,
  settings: rows,
  verbs: [depthVerb([focalLengthOption])],
  probe: depthProbe,
};
