import { z } from "@hono/zod-openapi";
import type { Capability, Operation } from "../../../src/capabilities/capability.ts";
import {
  CancelOnDisconnect,
  FileRefSchema,
  Mode,
  Timings,
  Webhook,
} from "../../../src/capabilities/schemas.ts";
import { Refusal } from "../../../src/errors.ts";
import type { FileRef } from "../../../src/files/file.ts";

const Request = z
  .looseObject({
    cancel_on_disconnect: CancelOnDisconnect,
    model: z.string().nullish(),
    mode: Mode,
    image: FileRefSchema.openapi({ description: "The picture." }),
    more: z.array(FileRefSchema).default([]),
    level: z.int().min(1).max(9).default(3),
    strength: z.number().nullish(),
    loud: z.boolean().default(false),
    size: z.union([z.int(), z.string()]).default("2x"),
    format: z.enum(["png", "jpeg"]).default("png"),
    webhook: Webhook,
  })
  .openapi("ToyRequest");

const Result = z.object({ file_id: z.string(), timings: Timings }).openapi("ToyResponse");

interface Params {
  image: FileRef;
  more: FileRef[];
  level: number;
  strength?: number | null | undefined;
  loud: boolean;
  size: number | string;
  model: string;
}

const operation: Operation<z.infer<typeof Request>, Params> = {
  type: "toy",
  path: "/play",
  operationId: "play_v1_image_toy_play_post",
  summary: "Play",
  description: "Plays.",
  request: Request,
  result: Result,
  jobComponent: "JobToyResponse",
  artifactTypes: ["image/png"],
  check({ image, more, level, strength, loud, size, model }) {
    if (model && model !== "base")
      throw new Refusal("unknown_model", `unknown toy model '${model}'; available: ['base']`);
    if (level === 7) throw new Refusal("invalid_parameter", "level must not be 7");
    return { image, more, level, strength, loud, size, model: "base" };
  },
  need: () => ({ variant: "base", bits: null, phases: [], options: {}, transient: false }),
  prepare: async () => ({ input: {}, facts: {} }),
  publish: async () => ({ artifacts: [], result: () => ({}) }),
};

/** A family with one operation, to see what HTTP makes of any family. */
export const toy: Capability = {
  family: "toy",
  domain: "image",
  label: "Toy",
  title: "kiapi Toy API",
  summary: "Play.",
  description: "For tests.",
  variants: [
    {
      name: "base",
      aliases: ["Toy", "toy-base"],
      repo: "toys/base",
      features: ["image", "depth"],
      licence: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0", commercial: true },
      downloads: [],
      diskGb: 0.1,
    },
  ],
  defaultVariant: () => "base",
  operations: [operation as unknown as Operation],
};
