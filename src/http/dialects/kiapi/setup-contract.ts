/**
 * The answer of `/v1/setup`: kiapi's fields, and ours beside them.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

const gb = (description: string, example: number) =>
  z
    .number()
    .min(0)
    .openapi({ description, examples: [example] });

const count = (description: string, example: number) =>
  z
    .int()
    .min(0)
    .openapi({ description, examples: [example] });

const fitsDisk = z.boolean().optional().openapi({
  description:
    "Whether the disk has room for what is missing of its download, by its approximate size; absent where nothing is missing.",
});

const SetupResourceState = z
  .object({
    kind: z.string().openapi({
      description: "`hf_snapshot`, `url_file`, or `local_path` for a path of the setting `model_paths`.",
      examples: ["hf_snapshot"],
    }),
    label: z.string().openapi({
      description: "The repository, the address or the setting.",
      examples: ["depth-anything/Depth-Anything-V2-Small-hf"],
    }),
    ready: z.boolean().openapi({ description: "Whether it is on this machine." }),
    disk_gb: z
      .number()
      .nullish()
      .openapi({
        description: "Its size in GB (10^9 bytes), measured where it is there; null when it is not known.",
        examples: [0.1],
      }),
    detail: z
      .string()
      .default("")
      .openapi({ description: "What is missing.", examples: ["missing: model.safetensors"] }),
    activate_command: z.string().openapi({
      description: "Command that sets it up in a terminal on the server's machine.",
      examples: ["easel activate depthanything/v2-small"],
    }),
  })
  .openapi("SetupResourceState");

const SetupCopy = z
  .object({
    bits: z.int().openapi({ description: "Bits of its weights.", examples: [4] }),
    repo: z.string().openapi({
      description: "Its repository.",
      examples: ["mflux-community/flux2-klein-4b-mflux-q4"],
    }),
    size_gb: gb("Size of its download in GB (10^9 bytes), approximately.", 4.6),
    ready: z.boolean().openapi({ description: "Whether it is on this machine." }),
    fits_disk: fitsDisk,
    licence: z.string().openapi({ description: "Its licence.", examples: ["Apache-2.0"] }),
    licence_url: z.string().openapi({ description: "Page of the licence." }),
    commercial_use: z.boolean().openapi({ description: "Whether the licence allows commercial use." }),
    activate_command: z.string().openapi({
      description: "Command that fetches it in a terminal on the server's machine.",
      examples: ["easel activate flux2/klein-4b --bits 4"],
    }),
  })
  .openapi("SetupCopy");

const SetupModelState = z
  .object({
    domain: z.string().openapi({ description: "Domain of the family.", examples: ["image"] }),
    family: z.string().openapi({ description: "Family, as in the routes.", examples: ["depthanything"] }),
    name: z
      .string()
      .openapi({ description: "Name for the request's `model` field.", examples: ["v2-small"] }),
    default: z
      .boolean()
      .openapi({ description: "Whether a request of its family without `model` gets this one." }),
    status: z.enum(["ready", "missing", "none"]).openapi({
      description: "`none` is a model that needs no setup: it is inside the program.",
      examples: ["missing"],
    }),
    size_gb: z.number().openapi({
      description: "Size of its downloads in GB (10^9 bytes), approximately.",
      examples: [0.1],
    }),
    resources: z.array(SetupResourceState).optional().openapi({ description: "What it needs." }),
    activated: z
      .boolean()
      .optional()
      .openapi({ description: "Whether requests can use it now: `ready` or `none`." }),
    built_in: z.boolean().optional().openapi({ description: "Whether it is inside the program." }),
    operations: z
      .array(z.string())
      .optional()
      .openapi({
        description: "Paths under /v1/{domain}/{family} that take it.",
        examples: [["/estimate"]],
      }),
    licence: z
      .string()
      .optional()
      .openapi({ description: "Licence of the weights.", examples: ["Apache-2.0"] }),
    licence_url: z.string().optional().openapi({ description: "Page of the licence." }),
    commercial_use: z.boolean().optional().openapi({
      description:
        "Whether the licence allows commercial use. If not, activation must be asked for with `accept_license`.",
    }),
    bits: z
      .int()
      .optional()
      .openapi({
        description:
          "Bits that its download has already, which a request's `quantize` does not change; absent where it is not quantized.",
        examples: [4],
      }),
    copies: z
      .array(SetupCopy)
      .optional()
      .openapi({
        description:
          "The same model in fewer bits, as other publishers have it. Activation fetches one with `bits` in the place of the " +
          "published weights; of several that are on this machine, the one with the most bits is used.",
      }),
    memory_gb: z
      .number()
      .nullish()
      .openapi({
        description:
          "Memory that a usual request takes when no other model is loaded, in GB (1024^3 bytes); null where it is not planned.",
        examples: [0.45],
      }),
    fits: z
      .boolean()
      .nullish()
      .openapi({ description: "Whether the memory budget holds that; null where it is not planned." }),
    fits_disk: fitsDisk,
    loaded: z.boolean().optional().openapi({ description: "Whether it, or a part of it, is in memory." }),
    note: z.string().optional().openapi({ description: "A caution about its results." }),
  })
  .openapi("SetupModelState");

const SetupSummary = z
  .object({
    models_total: count("Models.", 26),
    models_ready: count("Models that requests can use now.", 23),
    resources_total: count("Resources; one that several models need counts once.", 29),
    resources_ready: count("Resources on this machine.", 26),
    installed_gb: gb("Size of the downloads on this machine in GB.", 9.2),
    total_gb: gb("Size of all downloads in GB, approximately.", 190.5),
    free_gb: gb(
      "Space that is free for downloads in GB (10^9 bytes): that of the roomiest disk, where they go to several.",
      412.6,
    ).optional(),
  })
  .openapi("SetupSummary");

export const SetupResponse = z
  .object({
    object: z
      .string()
      .default("list")
      .openapi({ description: "Always `list`.", examples: ["list"] }),
    summary: SetupSummary.openapi({ description: "Totals over all models." }),
    data: z
      .array(SetupModelState)
      .optional()
      .openapi({ description: "Every model, in the order of the families." }),
  })
  .openapi("SetupResponse");
