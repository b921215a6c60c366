/** The operations of a family, made of its data alone. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { Capability, Operation } from "../../../capabilities/capability.ts";
import type { Accepted } from "../../../jobs/scheduler.ts";
import { download } from "../../answer/file-access.ts";
import { accepted, settled, wantsJson } from "../../answer/negotiation.ts";
import { waitFor } from "../../answer/waiting.ts";
import type { Deps, Env } from "../../deps.ts";
import { baseOf } from "../../openapi/document.ts";
import { binary, header } from "../../openapi/responses.ts";
import { idempotencyHeader, idempotencyOf } from "../../request/idempotency.ts";
import { type ParsedRequest, submitRequest } from "../../request/submit.ts";
import type { Serve } from "../../route.ts";
import { refusalResponses } from "./errors.ts";
import { ErrorResponse, HTTPValidationError } from "./errors-contract.ts";
import { AsyncJobResponse, jobOf } from "./jobs-contract.ts";

export function operationRoutes(serve: Serve, deps: Deps, capability: Capability): void {
  for (const operation of capability.operations as readonly Operation[])
    serve(operationRoute(capability, operation), async (c) => {
      const request = c.req.valid("json") as ParsedRequest;
      const made = await acceptedJob(c, deps, operation, request);
      if (request.mode === "async") return accepted(c, made);
      return finished(c, deps, made, request);
    });
}

function operationRoute(capability: Capability, operation: Operation) {
  return createRoute({
    method: "post",
    path: `${baseOf(capability)}${operation.path}`,
    operationId: operation.operationId,
    summary: operation.summary,
    description: operation.description,
    tags: [capability.family],
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
          ...bytesOf(operation),
        },
        headers: {
          "X-Kiapi-File-Id": header("Id of the artifact, when the answer is its bytes."),
          "X-Kiapi-Job-Id": header("Id of the job."),
          "X-Easel-Ignored": header(
            "Fields of the request that the route does not know, where there are any.",
          ),
        },
      },
      202: {
        description: "With `mode` `async`: the job is queued.",
        content: { "application/json": { schema: AsyncJobResponse } },
        headers: {
          "X-Kiapi-Job-Id": header("Id of the job."),
          "X-Easel-Ignored": header(
            "Fields of the request that the route does not know, where there are any.",
          ),
          Location: header("Where the Job is."),
          "Retry-After": header("Seconds until it is worth looking."),
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
}

/** Media types of the only artifact. They are known only at run time, so the type names one of them. */
const bytesOf = ({ artifactTypes }: Operation) =>
  Object.fromEntries(artifactTypes.map((type) => [type, binary])) as Record<"image/png", typeof binary>;

/** The job of a request: a new one, or the one that its idempotency key made before. */
async function acceptedJob(
  c: Context<Env>,
  deps: Deps,
  operation: Operation,
  request: ParsedRequest,
): Promise<Accepted> {
  const { scheduler } = deps;
  const { uploads, hash } = c.get("body");
  const idempotency = idempotencyOf(c, hash);
  const job = idempotency && (await scheduler.replay(idempotency));
  if (!job) return submitRequest(deps, operation, request, { uploads, idempotency });
  return { job, created: false, queue_position: await scheduler.position(job.id) };
}

/** Waits for the job and answers with its only artifact, or with the Job. */
async function finished(
  c: Context<Env>,
  deps: Deps,
  made: Accepted,
  request: ParsedRequest,
): Promise<Response> {
  const waited = await waitFor(c, deps, made, request);
  const job = settled(made.job, waited, deps.settings.sync_timeout_s);
  const [only] = job.artifacts;
  if (only !== undefined && job.artifacts.length === 1 && !wantsJson(c.req.header("accept"))) {
    const answer = await download(deps.files, only, c.req.raw);
    if (answer) {
      answer.headers.set("X-Kiapi-File-Id", only);
      answer.headers.set("X-Kiapi-Job-Id", job.id);
      return answer;
    }
  }
  return c.json(job, 200, { "X-Kiapi-Job-Id": job.id });
}
