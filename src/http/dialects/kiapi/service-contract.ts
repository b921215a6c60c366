/**
 * Answers about the server and its models. Component names are the contract's.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";

const RelayName = z.string().openapi("RelayName");
const RelayHealth = z
  .object({
    name: RelayName.openapi({ description: "Name of the relay." }),
    running: z.boolean().openapi({ description: "Whether it runs." }),
    failed: z.boolean().openapi({ description: "Whether it has failed." }),
  })
  .openapi("RelayHealth", { description: "Kept for clients of the original; this server has no relay." });

const ResidentModelStats = z
  .object({
    name: z.string().openapi({ description: "Name of the model within its family.", examples: ["base"] }),
    family: z.string().openapi({ description: "Family, as in the routes.", examples: ["depthpro"] }),
    domain: z.string().openapi({ description: "Domain of the family.", examples: ["image"] }),
    repo: z
      .string()
      .openapi({ description: "Where its files were published.", examples: ["apple/DepthPro"] }),
    weight_gb: z
      .number()
      .min(0)
      .openapi({ description: "Memory of its weights, in GB.", examples: [2.7] }),
    priority: z
      .int()
      .openapi({ description: "Lower is evicted earlier when memory is short.", examples: [0] }),
    idle_s: z
      .number()
      .min(0)
      .openapi({ description: "Seconds since it was last used.", examples: [12.5] }),
    ttl_s: z
      .number()
      .nullish()
      .openapi({ description: "Idle seconds after which it leaves; null never.", examples: [1800] }),
    expires_in_s: z
      .number()
      .nullish()
      .openapi({ description: "Seconds until it leaves; null when `ttl_s` is null.", examples: [1787.5] }),
  })
  .openapi("ResidentModelStats", { description: "One model that is in memory." });

const MemoryStats = z
  .object({
    loaded: z.array(ResidentModelStats).optional().openapi({ description: "Models in memory." }),
    resident_gb: z.number().min(0).openapi({ description: "Memory of all loaded weights, in GB." }),
    budget_gb: z
      .number()
      .gt(0)
      .openapi({ description: "Memory that models and the running job may take together, in GB." }),
  })
  .openapi("MemoryStats", { description: "The memory budget and the loaded models." });

const FleetNode = z
  .object({
    name: z.string().openapi({ description: "Its node_name.", examples: ["mac1"] }),
    role: z.string().openapi({ description: "`both`, `api` or `worker`.", examples: ["worker"] }),
    version: z.string().openapi({ description: "Version of easel there." }),
    state: z.enum(["ready", "starting", "draining", "lost"]).openapi({
      description: "`lost`: no sign of life for longer than fleet_lease_s. `draining`: takes no more jobs.",
    }),
    device: z.string().nullish().openapi({ description: "`cpu` or `gpu`; null where no jobs run." }),
    budget_gb: z.number().min(0).openapi({ description: "Memory that models may take there, in GB." }),
    models: z.array(z.string()).openapi({ description: "Models whose files are there, as family/name." }),
    running: z.array(z.string()).openapi({ description: "Ids of the jobs that run there." }),
  })
  .openapi("FleetNode", { description: "A machine of a fleet." });

export const HealthResponse = z
  .object({
    status: z.string().openapi({ description: "`ok` whenever the server answers.", examples: ["ok"] }),
    warm: z.boolean().openapi({
      description: "Whether the models of `warmup_models` have been loaded or skipped.",
      examples: [true],
    }),
    queue_len: z
      .int()
      .min(0)
      .openapi({ description: "Jobs waiting, without the running one.", examples: [0] }),
    memory: MemoryStats.openapi({ description: "The memory budget and the loaded models." }),
    relay: RelayHealth.nullish().openapi({ description: "Always null: this server has no relay." }),
    nodes: z.array(FleetNode).optional().openapi({ description: "The machines of the fleet; only in one." }),
    store: z
      .enum(["here", "away"])
      .optional()
      .openapi({ description: "Whether the fleet's database answers; only in a fleet." }),
  })
  .openapi("HealthResponse");

export const ReadyResponse = z
  .object({
    ready: z.boolean().openapi({ description: "Whether jobs are accepted now." }),
    reason: z.string().nullish().openapi({ description: "Why jobs are not accepted; null when they are." }),
    files: z.enum(["here", "away"]).optional().openapi({
      description:
        "Whether the bucket or the shared folder of a fleet answers; only in a fleet. Jobs are accepted without it, and wait for it.",
    }),
    device: z
      .object({
        kind: z.enum(["cpu", "gpu"]),
        name: z
          .string()
          .openapi({ description: "Name that the system gives the device.", examples: ["Apple M4"] }),
        self_test: z.enum(["passed", "passed_before", "imprecise", "not_needed"]).openapi({
          description:
            "Whether the kernels of a GPU gave what they should: at this start, at one before with the same device, system and build, " +
            "or with errors beyond rounding. A processor's kernels are tested when easel is built.",
        }),
        precision: z
          .object({
            setting: z
              .enum(["auto", "float32", "bfloat16"])
              .openapi({ description: "The setting `cpu_precision`." }),
            depth: z.enum(["float32", "bfloat16"]).openapi({ description: "What depth networks multiply." }),
            diffusion: z
              .enum(["float32", "bfloat16"])
              .openapi({ description: "What generating and upscaling networks multiply." }),
            quantized: z
              .enum(["float32", "bfloat16", "integer"])
              .optional()
              .openapi({ description: "What those multiply where their weights are quantized." }),
            reason: z
              .string()
              .nullable()
              .openapi({ description: "Why `auto` takes float32 everywhere; null where it does not." }),
          })
          .optional()
          .openapi({ description: "Numbers that the products of networks multiply; of a processor alone." }),
      })
      .nullish()
      .openapi({ description: "The device that computes; null until the engine is ready." }),
  })
  .openapi("ReadyResponse");

export const VersionResponse = z
  .object({
    version: z.string().openapi({ description: "easel's version.", examples: ["0.1.0"] }),
    commit: z.string().nullable().openapi({
      description: "Commit that the program was built from; null when it runs from source.",
    }),
    mlx: z
      .string()
      .nullable()
      .openapi({
        description: "MLX's version; null until the engine has started.",
        examples: ["0.32.4"],
      }),
    bun: z.string().openapi({ description: "Bun's version.", examples: ["1.4.5"] }),
    target: z.string().openapi({
      description: "Operating system and processor that the program was built for.",
      examples: ["linux-x64", "darwin-arm64"],
    }),
    kernels: z
      .string()
      .nullable()
      .openapi({
        description:
          "Instruction set of easel's own kernels for Linux processors, `off` where MLX's own are used (always on a Mac); null until the " +
          "engine has started.",
        examples: ["avx512"],
      }),
  })
  .openapi("VersionResponse");

export const CapabilityModelSpec = z
  .object({
    name: z.string().openapi({ description: "Name for the request's `model` field.", examples: ["base"] }),
    family: z.string().openapi({ description: "Family, as in the routes.", examples: ["depthpro"] }),
    domain: z.string().openapi({ description: "Domain of the family.", examples: ["image"] }),
    aliases: z
      .array(z.string())
      .optional()
      .openapi({ description: "Other names for the same model.", examples: [["depth-pro"]] }),
    default: z
      .boolean()
      .default(false)
      .openapi({ description: "Whether a request without `model` gets this one.", examples: [true] }),
    features: z
      .array(z.string())
      .optional()
      .openapi({ description: "Inputs and outputs of the model.", examples: [["depth", "image"]] }),
    activated: z.boolean().optional().openapi({
      description: "Whether its files are on this machine. If not, `easel activate` fetches them.",
    }),
    licence: z.string().optional().openapi({ description: "Licence of the weights." }),
    commercial_use: z
      .boolean()
      .optional()
      .openapi({ description: "Whether the licence of the weights allows commercial use." }),
    note: z.string().optional().openapi({ description: "A caution about its results." }),
  })
  .openapi("CapabilityModelSpec", { description: "One model that a request can name." });

export const UnloadResponse = z
  .object({
    unloaded: z.boolean().openapi({ description: "Whether it was in memory." }),
    freed_gb: z.number().openapi({ description: "Memory that was given back, in GB.", examples: [2.7] }),
    pending: z
      .array(z.string())
      .optional()
      .openapi({ description: "Machines of the fleet that did not answer in time; only in a fleet." }),
  })
  .openapi("UnloadResponse");
