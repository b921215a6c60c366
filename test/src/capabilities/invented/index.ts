/** A family that no program has: what it is found in needs no other line. */
import { z } from "@hono/zod-openapi";
import type { Operation } from "../../../../src/capabilities/capability.ts";
import type { Family } from "../../../../src/capabilities/family.ts";
import { chooseVariant, type Models, requireActivated } from "../../../../src/capabilities/model.ts";
import { FileRefSchema } from "../../../../src/capabilities/schemas.ts";
import type { FileRef } from "../../../../src/files/file.ts";
import { setting, settingsView, whole } from "../../../../src/settings/types.ts";

const rows = {
  doodle_strokes: setting({
    group: "doodle",
    kind: whole({ min: 1, max: 900 }),
    default: 7,
    help: "Strokes of a drawing when a request names none.",
  }),
  doodle_max_strokes: setting({
    group: "doodle",
    kind: whole({ min: 1 }),
    default: 100,
    help: "Most strokes that a request may ask for.",
  }),
};
const ownSettings = settingsView(rows);

const models: Models = {
  family: "doodle",
  variants: [
    {
      name: "pencil",
      aliases: ["doodle-pencil"],
      repo: "invented/pencil",
      features: ["image", "text"],
      licence: { name: "Apache-2.0", url: "https://example.org/licence", commercial: true },
      downloads: [
        { kind: "huggingface", repo: "invented/pencil", revision: "main", files: ["model.safetensors"] },
      ],
      diskGb: 0.5,
    },
  ],
  defaultVariant: () => "pencil",
};

const Request = z
  .looseObject({
    model: z.string().nullish(),
    prompt: z.string().min(1),
    strokes: z.int().nullish(),
    image: FileRefSchema.nullish(),
    width: z.int().nullish(),
    height: z.int().nullish(),
    mode: z.enum(["sync", "async"]).default("sync"),
  })
  .openapi("DoodleRequest");

type Params = { prompt: string; strokes: number; model: string; image: FileRef | null };

const draw: Operation<z.infer<typeof Request>, Params> = {
  type: "doodle",
  path: "/draw",
  operationId: "draw_doodle",
  summary: "Draw",
  description: "Draws what the prompt says.",
  request: Request,
  result: z.object({ file_id: z.string() }).openapi("DoodleResponse"),
  jobComponent: "JobDoodleResponse",
  artifactTypes: ["image/png"],
  check(request, context) {
    const variant = chooseVariant(models, request.model, context);
    requireActivated("doodle", variant, context);
    return {
      prompt: request.prompt,
      strokes: request.strokes ?? ownSettings(context.settings).doodle_strokes,
      model: variant.name,
      image: request.image ?? null,
    };
  },
  need: () => warm("pencil"),
  prepare: async () => ({ input: {}, facts: {} }),
  publish: async () => ({ artifacts: [], result: () => ({}) }),
};

const warm = (variant: string) => ({
  variant,
  bits: null,
  phases: [{ name: "draw", parts: [{ name: "hand", bytes: 3 * 2 ** 30 }], workingBytes: 2 ** 30, share: 1 }],
  options: {},
  transient: false,
});

export const doodle: Family = {
  ...models,
  domain: "image",
  label: "Doodle",
  title: "easel Doodle API",
  summary: "Drawings from words.",
  description: "Draws.",
  operations: [draw as unknown as Operation],
  warm,
  openai: {
    generate: {
      operation: draw as unknown as Operation,
      defaults: (settings) => ({ width: 64, height: 48, steps: ownSettings(settings).doodle_strokes }),
    },
  },
  pageFields: ["strokes"],
  settings: rows,
  settingProblems: (settings) =>
    ownSettings(settings).doodle_strokes > ownSettings(settings).doodle_max_strokes
      ? [{ name: "doodle_strokes", message: "more strokes than doodle_max_strokes" }]
      : [],
  verbs: [
    {
      name: "doodle",
      summary: "draw what the words say",
      takes: "prompt",
      path: "/draw",
      options: [{ name: "strokes", kind: "whole", value: "<count>", help: "how many strokes" }],
      result: "file_id",
      suffix: "-doodle",
      formats: ["png"],
    },
  ],
  probe: {
    shows: "picture",
    side: 64,
    request: (model, image) => ({ path: "/draw", body: { model, prompt: "a line", image } }),
  },
};
