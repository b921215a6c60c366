/** Installing and removing models over HTTP. A download is a job in a lane of its own. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Capability } from "../../../capabilities/capability.ts";
import { chosenDownload, type Wanted } from "../../../capabilities/downloads.ts";
import { Refusal } from "../../../errors.ts";
import { activationType, isLive, type Job } from "../../../jobs/job.ts";
import { accepted } from "../../answer/negotiation.ts";
import type { Deps } from "../../deps.ts";
import { baseOf } from "../../openapi/document.ts";
import { json } from "../../openapi/responses.ts";
import { exactBoolean } from "../../request/coercion.ts";
import type { Serve } from "../../route.ts";
import { refusalResponses, schemaResponse } from "./errors.ts";
import { AsyncJobResponse } from "./jobs-contract.ts";
import { requireVariant } from "./models.ts";

const params = z.object({
  name: z.string().openapi({ description: "Name or alias of the model.", title: "Name" }),
});

// A misspelt field must not start the wrong download.
const ActivateRequest = z
  .strictObject({
    // "yes" and 1 are no clear consent.
    accept_license: exactBoolean().default(false).openapi({
      description: "Accepts the model's licence. Needed where it forbids commercial use.",
    }),
    fast: z.boolean().default(false).openapi({
      description: "Also fetches the model's adapters for few steps, where it has them.",
    }),
    bits: z
      .int()
      .nullish()
      .openapi({
        description:
          "Fetches a copy of the model in so many bits, as another publisher has it, in the place of the published weights. " +
          "`copies` in `/v1/setup` lists them.",
        examples: [4],
      }),
  })
  .openapi("ActivateRequest", { description: "Installs a model." });

const DeactivateResponse = z
  .object({ freed_bytes: z.int().min(0).openapi({ description: "Bytes that became free." }) })
  .openapi("DeactivateResponse", { description: "The model's files are gone." });

export function activationRoutes(serve: Serve, deps: Deps, capability: Capability): void {
  const { scheduler, settings, log } = deps;
  const { family } = capability;
  const inTurn = turns();

  serve(activateModel(capability), async (c) => {
    requireAllowed(settings.allow_activation);
    const variant = requireVariant(capability, c.req.valid("param").name);
    const { accept_license, fast, bits: asked } = c.req.valid("json");
    const bits = asked ?? undefined;
    requireInstallable(`${family}/${variant.name}`, variant, settings.model_paths);
    const chosen = chosenDownload(`${family}/${variant.name}`, variant, { bits });
    const { licence } = chosen;
    if (!licence.commercial && !accept_license)
      throw new Refusal(
        "license_not_accepted",
        `${family}/${variant.name} is under ${licence.name} (${licence.url}), which forbids commercial use; accept it with accept_license`,
      );
    const by = c.env?.server?.requestIP(c.req.raw)?.address;
    // Several clients watch one download, also those that ask at the same moment.
    const made = await inTurn(async () => {
      const running = await liveActivation(deps, family, variant.name, { fast, bits });
      if (running)
        return { job: running, created: false, queue_position: await scheduler.position(running.id) };
      deps.requireRoom?.(chosen);
      if (!licence.commercial)
        log.info("licence accepted", { model: `${family}/${variant.name}`, licence: licence.name, by });
      const accepted_license = { name: licence.name, url: licence.url, by: by ?? null };
      return scheduler.submit({
        type: activationType,
        params: {
          family,
          model: variant.name,
          mode: "async",
          ...(fast && { fast }),
          ...(bits !== undefined && { bits }),
          ...(accept_license && { accepted_license }),
        },
      });
    });
    return accepted(c, made);
  });

  serve(deactivateModel(capability), async (c) => {
    requireAllowed(settings.allow_activation);
    const variant = requireVariant(capability, c.req.valid("param").name);
    requireInstallable(`${family}/${variant.name}`, variant, settings.model_paths);
    const running = await liveActivation(deps, family, variant.name);
    if (running) await scheduler.cancel(running.id).catch(() => {});
    c.env?.server?.timeout(c.req.raw, 0);
    await scheduler.unload(family, variant.name);
    return c.json({ freed_bytes: deps.uninstall(variant) }, 200);
  });
}

/** Runs pieces of work one after the other. */
function turns() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
}

function requireAllowed(allowed: boolean): void {
  if (!allowed)
    throw new Refusal(
      "activation_disabled",
      "allow_activation is off: use easel activate on the server's machine",
    );
}

function requireInstallable(
  model: string,
  { downloads, embedded }: Capability["variants"][number],
  modelPaths: Readonly<Record<string, string>>,
): void {
  if (modelPaths[model] !== undefined)
    throw new Refusal(
      "invalid_parameter",
      `${model} is read from model_paths: there is nothing to install or remove`,
    );
  if (embedded !== undefined)
    throw new Refusal("invalid_parameter", `${model} is built in: there is nothing to install or remove`);
  if (downloads.length === 0)
    throw new Refusal(
      "invalid_parameter",
      `${model} cannot be downloaded: its authors publish no files; see model_paths`,
    );
}

/** The download of a model that waits or runs; `wanted` asks for one that brings the same. */
async function liveActivation(
  { scheduler }: Deps,
  family: string,
  model: string,
  wanted?: Wanted,
): Promise<Job | undefined> {
  for (const status of ["running", "queued"] as const) {
    const { data } = await scheduler.list({ type: activationType, status });
    const found = data.find(
      (job) =>
        isLive(job) &&
        job.params.family === family &&
        job.params.model === model &&
        (!wanted || (job.params.bits === wanted.bits && (!wanted.fast || job.params.fast === true))),
    );
    if (found) return found;
  }
  return undefined;
}

const activateModel = (capability: Capability) =>
  createRoute({
    method: "post",
    path: `${baseOf(capability)}/models/{name}/activate`,
    operationId: `activate_model_v1_${capability.domain}_${capability.family}`,
    summary: "Activate Model",
    description:
      "Downloads a model as a job of the type `activation`. Such jobs run one at a time beside all others; their events carry " +
      "`bytes_done`, `bytes_total`, `bytes_per_s` and `eta_s`. A cancelled or interrupted download is resumed by the next one. A model " +
      "that is being downloaded answers with that job.",
    tags: [capability.family],
    request: {
      params,
      body: { required: true, content: { "application/json": { schema: ActivateRequest } } },
    },
    responses: {
      202: {
        description: "The job is queued.",
        content: { "application/json": { schema: AsyncJobResponse } },
      },
      ...schemaResponse,
      ...refusalResponses(
        "unknown_model",
        "license_not_accepted",
        "activation_disabled",
        "queue_full",
        "disk_full",
      ),
    },
  });

const deactivateModel = (capability: Capability) =>
  createRoute({
    method: "post",
    path: `${baseOf(capability)}/models/{name}/deactivate`,
    operationId: `deactivate_model_v1_${capability.domain}_${capability.family}`,
    summary: "Deactivate Model",
    description: "Unloads a model and removes its files, except those that other installed models need.",
    tags: [capability.family],
    request: { params },
    responses: {
      200: json("The files are gone.", DeactivateResponse),
      ...schemaResponse,
      ...refusalResponses("unknown_model", "activation_disabled"),
    },
  });
