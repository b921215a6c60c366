/** The memory of a request, before it is made. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Capability, PlannedRequest } from "../../../capabilities/capability.ts";
import type { Deps } from "../../deps.ts";
import { baseOf } from "../../openapi/document.ts";
import { json } from "../../openapi/responses.ts";
import type { Serve } from "../../route.ts";
import { refusalResponses, schemaResponse } from "./errors.ts";
import { requireVariant } from "./models.ts";

const PlanResponse = z
  .object({
    model: z.string().openapi({ description: "The model's name." }),
    bits: z.int().nullable().openapi({ description: "Bits of the weights; null: as they are published." }),
    peak_bytes: z
      .int()
      .min(0)
      .openapi({ description: "Memory of the largest phase: weights and room to work." }),
    budget_bytes: z.int().min(0).openapi({ description: "What models may take on this machine." }),
    fits: z.boolean().openapi({ description: "Whether such a request would be accepted." }),
    smaller: z
      .string()
      .nullable()
      .openapi({ description: "The change that makes the request smaller, in words." }),
  })
  .openapi("PlanResponse");

const query = z.object({
  width: z
    .int()
    .min(1)
    .max(65536)
    .optional()
    .openapi({ description: "Width of the result; that of the picture for depth." }),
  height: z
    .int()
    .min(1)
    .max(65536)
    .optional()
    .openapi({ description: "Height of the result; that of the picture for depth." }),
  steps: z.int().min(1).max(1000).optional().openapi({ description: "Denoising steps." }),
  quantize: z.int().min(1).max(8).optional().openapi({ description: "Bits of the weights." }),
});

export function planRoutes(serve: Serve, { context, scheduler }: Deps, capability: Capability): void {
  const { family, warm } = capability;
  if (!warm) return;
  serve(planModel(capability), (c) => {
    const { name } = requireVariant(capability, c.req.valid("param").name);
    const need = warm(name, context, c.req.valid("query") as PlannedRequest);
    return c.json({ model: need.variant, bits: need.bits, ...scheduler.plan(family, need) }, 200);
  });
}

const planModel = (capability: Capability) =>
  createRoute({
    method: "get",
    path: `${baseOf(capability)}/models/{name}/plan`,
    operationId: `plan_model_v1_${capability.domain}_${capability.family}`,
    summary: "Plan Model",
    description:
      "Plans the memory of a request as the scheduler does. Nothing is loaded, and the model need not be installed. Without a size it " +
      "plans a usual request.",
    tags: [capability.family],
    request: {
      params: z.object({
        name: z.string().openapi({ description: "Name or alias of the model.", title: "Name" }),
      }),
      query,
    },
    responses: {
      200: json("The plan.", PlanResponse),
      ...schemaResponse,
      ...refusalResponses("unknown_model", "too_many_pixels"),
    },
  });
