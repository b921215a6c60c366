/** What a family offers, from its data alone: its operations, its models, and giving their memory back. */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Capability, Operation, Variant } from "../../../capabilities/capability.ts";
import { findVariant } from "../../../capabilities/model.ts";
import { Refusal } from "../../../errors.ts";
import { download } from "../../answer/file-access.ts";
import { accepted, settled, wantsJson } from "../../answer/negotiation.ts";
import { refusalResponses } from "../../answer/responses.ts";
import { waitFor } from "../../answer/waiting.ts";
import type { Deps, Env } from "../../deps.ts";
import { bodyAs } from "../../middleware/ignored-fields.ts";
import { baseOf } from "../../openapi/document.ts";
import {
  AsyncJobResponse,
  CapabilityModelSpec,
  ErrorResponse,
  HTTPValidationError,
  jobOf,
  UnloadResponse,
} from "../../openapi/schemas.ts";
import type { ReadJson } from "../../request/body.ts";
import { idempotencyHeader, idempotencyOf } from "../../request/idempotency.ts";
import { type ParsedRequest, submitRequest } from "../../request/submit.ts";

export function capabilityRoutes(
  app: OpenAPIHono<Env>,
  deps: Deps,
  capability: Capability,
  readJson: ReadJson,
): void {
  for (const operation of capability.operations)
    operationRoute(app, deps, capability, operation as Operation, readJson);
  modelRoutes(app, deps, capability);
}

// --- Operations -----------------------------------------------------------------------------------------------------------------

const binary = { schema: { type: "string", format: "binary" } } as const;

function operationRoute(
  app: OpenAPIHono<Env>,
  deps: Deps,
  capability: Capability,
  operation: Operation,
  readJson: ReadJson,
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
        "overloaded",
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
  app.post(path, (c) => submit(c, deps, operation, readJson));
}

async function submit(
  c: Context<Env>,
  deps: Deps,
  operation: Operation,
  readJson: ReadJson,
): Promise<Response> {
  const { settings, files } = deps;
  const { request, ...made } = await taken(c, deps, operation, readJson);
  if (request.mode === "async") return accepted(c, made);
  const waited = await waitFor(c, deps, made, request);
  const ended = settled(made.job, waited, settings.sync_timeout_s);
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

/** Reads the request and makes its job, or finds the one that its idempotency key made before. */
async function taken(c: Context<Env>, deps: Deps, operation: Operation, readJson: ReadJson) {
  await using body = await readJson(c);
  const { uploads, hash, value } = body;
  const request = bodyAs(c, operation.request, value) as ParsedRequest;
  const idempotency = idempotencyOf(c, hash);
  const job = idempotency && (await deps.scheduler.replay(idempotency));
  if (!job) return { request, ...(await submitRequest(deps, operation, request, { uploads, idempotency })) };
  return { request, job, created: false, queue_position: await deps.scheduler.position(job.id) };
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
