/** What a family offers, from its data alone: its operations, its models, and giving their memory back. */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Capability, Operation, Variant } from "../../../capabilities/capability.ts";
import { findVariant } from "../../../capabilities/model.ts";
import { Refusal } from "../../../errors.ts";
import { download } from "../../answer/file-access.ts";
import { accepted, settled, wantsJson } from "../../answer/negotiation.ts";
import { refusalResponses } from "../../answer/responses.ts";
import type { Deps, Env } from "../../deps.ts";
import { baseOf } from "../../openapi/document.ts";
import {
  AsyncJobResponse,
  CapabilityModelSpec,
  ErrorResponse,
  HTTPValidationError,
  jobOf,
  UnloadResponse,
} from "../../openapi/schemas.ts";
import { jsonOf } from "../../request/body.ts";
import { idempotencyHeader, idempotencyOf } from "../../request/idempotency.ts";
import { submitRequest } from "../../request/submit.ts";
import { parse } from "../../request/validation.ts";

const largestJson = 64 * 2 ** 20;

export function capabilityRoutes(app: OpenAPIHono<Env>, deps: Deps, capability: Capability): void {
  for (const operation of capability.operations)
    operationRoute(app, deps, capability, operation as Operation);
  modelRoutes(app, deps, capability);
}

// --- Operations -----------------------------------------------------------------------------------------------------------------

const binary = { schema: { type: "string", format: "binary" } } as const;

function operationRoute(
  app: OpenAPIHono<Env>,
  deps: Deps,
  capability: Capability,
  operation: Operation,
): void {
  const path = `${baseOf(capability)}${operation.path}`;
  app.openAPIRegistry.registerPath({
    method: "post",
    path,
    operationId: operation.operationId,
    summary: operation.summary,
    description: operation.description,
    request: {
      headers: z.object({
        Accept: z
          .string()
          .nullish()
          .openapi({
            description:
              "`application/json` asks for the Job as JSON. Without it, a synchronous job with exactly one artifact is answered with " +
              "that artifact's bytes.",
          }),
        "Idempotency-Key": idempotencyHeader,
      }),
      body: { required: true, content: { "application/json": { schema: operation.request } } },
    },
    responses: {
      200: {
        description:
          "The job has succeeded: as the Job with `Accept: application/json` or when it has more than one artifact, else as the bytes " +
          "of its artifact.",
        content: {
          "application/json": { schema: jobOf(operation.jobComponent, operation.result) },
          ...Object.fromEntries(operation.artifactTypes.map((type) => [type, binary])),
        },
        headers: {
          "X-Kiapi-File-Id": {
            description: "Id of the artifact, when the answer is its bytes.",
            schema: { type: "string" },
          },
          "X-Kiapi-Job-Id": { description: "Id of the job.", schema: { type: "string" } },
        },
      },
      202: {
        description: "With `mode` `async`: the job is queued.",
        content: { "application/json": { schema: AsyncJobResponse } },
        headers: {
          "X-Kiapi-Job-Id": { description: "Id of the job.", schema: { type: "string" } },
          Location: { description: "Where the Job is.", schema: { type: "string" } },
          "Retry-After": { description: "Seconds until it is worth looking.", schema: { type: "string" } },
        },
      },
      ...refusalResponses(
        "unknown_model",
        "unknown_file",
        "invalid_reference",
        "fetch_failed",
        "private_url",
        "invalid_image",
        "too_many_pixels",
        "canceled",
        "too_large",
        "queue_full",
        "internal",
        "model_failed",
        "checkpoint_invalid",
        "invalid_result",
        "timed_out",
        "interrupted",
        "not_activated",
        "over_budget",
        "shutting_down",
        "sync_timeout",
        "disk_full",
      ),
      422: {
        description:
          "The request does not fit the schema (`invalid_request`), a parameter is outside its limits (`invalid_parameter`), or the " +
          "Idempotency-Key was used with another body (`idempotency_mismatch`).",
        content: { "application/json": { schema: z.union([HTTPValidationError, ErrorResponse]) } },
      },
    },
  });
  app.post(path, (c) => submit(c, deps, operation));
}

async function submit(c: Context<Env>, deps: Deps, operation: Operation): Promise<Response> {
  const { settings, scheduler, files } = deps;
  const limit = Math.min(settings.max_upload_mb * 2 ** 20, largestJson);
  const { value, bytes } = await jsonOf(c, limit);
  const request = parse(operation.request, value, "body") as {
    mode?: "sync" | "async";
    webhook?: string | null;
  };
  const idempotency = idempotencyOf(c, bytes);
  const repeated = idempotency && (await scheduler.replay(idempotency));
  const { job, queue_position } = repeated
    ? { job: repeated, queue_position: await scheduler.position(repeated.id) }
    : await submitRequest(deps, operation, request, idempotency);

  if (request.mode === "async") return accepted(c, { job, queue_position, created: !repeated });
  c.env?.server?.timeout(c.req.raw, 0);
  const waited = await scheduler.wait(job.id, settings.sync_timeout_s * 1000);
  const ended = settled(job, waited, settings.sync_timeout_s);
  const [only] = ended.artifacts;
  if (only !== undefined && ended.artifacts.length === 1 && !wantsJson(c.req.header("accept"))) {
    const answer = await download(files, only, c.req.raw);
    if (answer) {
      answer.headers.set("X-Kiapi-File-Id", only);
      answer.headers.set("X-Kiapi-Job-Id", ended.id);
      return answer;
    }
  }
  return c.json(ended, 200, { "X-Kiapi-Job-Id": ended.id });
}

// --- Models ---------------------------------------------------------------------------------------------------------------------

function modelRoutes(app: OpenAPIHono<Env>, deps: Deps, capability: Capability): void {
  const base = baseOf(capability);
  const { family, domain } = capability;

  app.openAPIRegistry.registerPath({
    method: "get",
    path: `${base}/models`,
    operationId: `list_models_v1_${domain}_${family}_models_get`,
    summary: "List Models",
    description:
      "Lists the models that a request of this capability can name in `model`, and whether their files are on this machine.",
    responses: {
      200: {
        description: "The models.",
        content: { "application/json": { schema: z.array(CapabilityModelSpec) } },
      },
    },
  });
  app.get(`${base}/models`, (c) => {
    const standard = capability.defaultVariant(deps.context);
    return c.json(
      capability.variants.map((variant) => ({
        name: variant.name,
        family,
        domain,
        aliases: variant.aliases,
        default: variant.name === standard,
        features: [...variant.features].sort(),
        activated: "source" in deps.context.activation(family, variant.name),
        licence: variant.licence.name,
        commercial_use: variant.licence.commercial,
        ...(variant.note !== undefined && { note: variant.note }),
      })),
    );
  });

  app.openAPIRegistry.registerPath({
    method: "post",
    path: `${base}/models/{name}/unload`,
    operationId: `unload_model_v1_${domain}_${family}`,
    summary: "Unload Model",
    description:
      "Gives back the memory of a model, once no job uses it. The next request that needs it loads it again. `unloaded` is false when " +
      "it was not loaded.",
    request: {
      params: z.object({
        name: z.string().openapi({ description: "Name or alias of the model.", title: "Name" }),
      }),
    },
    responses: {
      200: { description: "Done.", content: { "application/json": { schema: UnloadResponse } } },
      ...refusalResponses("unknown_model"),
    },
  });
  app.post(`${base}/models/:name/unload`, async (c) => {
    const variant = find(capability, c.req.param("name"));
    c.env?.server?.timeout(c.req.raw, 0);
    const { unloaded, freed_bytes } = await deps.scheduler.unload(family, variant.name);
    return c.json({ unloaded, freed_gb: Math.round((freed_bytes / 2 ** 30) * 100) / 100 });
  });
}

function find(capability: Capability, name: string): Variant {
  const variant = findVariant(capability.variants, name);
  if (variant) return variant;
  const names = capability.variants.map((candidate) => `'${candidate.name}'`).sort();
  throw new Refusal("unknown_model", `unknown ${capability.family} model; available: [${names.join(", ")}]`);
}
