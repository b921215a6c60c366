/** The models of a family: which there are, and giving their memory back. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Capability, Variant } from "../../../capabilities/capability.ts";
import { findVariant } from "../../../capabilities/model.ts";
import { Refusal } from "../../../errors.ts";
import type { Deps } from "../../deps.ts";
import { baseOf } from "../../openapi/document.ts";
import { json } from "../../openapi/responses.ts";
import type { Serve } from "../../route.ts";
import { refusalResponses } from "./errors.ts";
import { CapabilityModelSpec, UnloadResponse } from "./service-contract.ts";

export function modelRoutes(serve: Serve, { context, scheduler }: Deps, capability: Capability): void {
  const { family, domain, variants } = capability;

  serve(listModels(capability), (c) => {
    const standard = capability.defaultVariant(context);
    return c.json(
      variants.map((variant) => ({
        name: variant.name,
        family,
        domain,
        aliases: [...variant.aliases],
        default: variant.name === standard,
        features: [...variant.features].sort(),
        activated: "source" in context.activation(family, variant.name),
        licence: variant.licence.name,
        commercial_use: variant.licence.commercial,
        ...(variant.note !== undefined && { note: variant.note }),
      })),
      200,
    );
  });

  serve(unloadModel(capability), async (c) => {
    const variant = requireVariant(capability, c.req.valid("param").name);
    c.env?.server?.timeout(c.req.raw, 0);
    const { unloaded, freed_bytes, pending } = await scheduler.unload(family, variant.name);
    const freed_gb = Math.round((freed_bytes / 2 ** 30) * 100) / 100;
    return c.json({ unloaded, freed_gb, ...(pending && { pending }) }, 200);
  });
}

const listModels = (capability: Capability) =>
  createRoute({
    method: "get",
    path: `${baseOf(capability)}/models`,
    operationId: `list_models_v1_${capability.domain}_${capability.family}_models_get`,
    summary: "List Models",
    description:
      "Lists the models that requests can name in `model`, and whether their files are on this machine.",
    tags: [capability.family],
    responses: { 200: json("The models.", z.array(CapabilityModelSpec)) },
  });

const unloadModel = (capability: Capability) =>
  createRoute({
    method: "post",
    path: `${baseOf(capability)}/models/{name}/unload`,
    operationId: `unload_model_v1_${capability.domain}_${capability.family}`,
    summary: "Unload Model",
    description:
      "Gives back the memory of a model, once no job uses it. `unloaded` is false when " +
      "it was not loaded.",
    tags: [capability.family],
    request: {
      params: z.object({
        name: z.string().openapi({ description: "Name or alias of the model.", title: "Name" }),
      }),
    },
    responses: { 200: json("Done.", UnloadResponse), ...refusalResponses("unknown_model") },
  });

/** @throws {Refusal} `unknown_model` with the names that there are. */
export function requireVariant(capability: Capability, name: string): Variant {
  const variant = findVariant(capability.variants, name);
  if (variant) return variant;
  const names = capability.variants.map((candidate) => `'${candidate.name}'`).sort();
  throw new Refusal("unknown_model", `unknown ${capability.family} model; available: [${names.join(", ")}]`);
}
