/** The adapters in the folder `lora_dir`. */
import { createRoute, z } from "@hono/zod-openapi";
import { adapterList } from "../../../capabilities/diffusion/adapter-folder.ts";
import type { Deps } from "../../deps.ts";
import { json } from "../../openapi/responses.ts";
import type { Serve } from "../../route.ts";

const LoraEntry = z
  .object({
    name: z.string().openapi({
      description:
        'Its name in the folder. A request names it with `{"lora": "<name>"}`, with or without `.safetensors`.',
    }),
    size: z.int().min(0).openapi({ description: "Bytes of the file." }),
    modified_at: z.number().openapi({ description: "Unix time of its last change." }),
    fits: z
      .array(z.object({ family: z.string(), models: z.array(z.string()) }))
      .openapi({ description: "The models that it fits, by the names and shapes of its tensors." }),
    problem: z.string().optional().openapi({ description: "Why it fits none." }),
  })
  .openapi("LoraEntry");

const LoraList = z.object({ object: z.literal("list"), data: z.array(LoraEntry) }).openapi("LoraList");

const listLoras = createRoute({
  method: "get",
  path: "/v1/loras",
  operationId: "list_loras_v1_loras_get",
  summary: "List Loras",
  description:
    "Lists the adapters (LoRA) in the folder that the setting `lora_dir` names, with the models that each fits. The folder is read at " +
    "every request: a file that is dropped in can be used at once.",
  tags: ["Server"],
  request: {
    query: z.object({
      family: z.string().optional().openapi({ description: "Only what fits a model of this family." }),
      model: z.string().optional().openapi({
        description: "Only what fits a model of this name, such as `klein-4b` or `flux2/klein-4b`.",
      }),
    }),
  },
  responses: { 200: json("The adapters.", LoraList) },
});

export function loraRoutes(serve: Serve, { capabilities, context }: Deps): void {
  serve(listLoras, (c) => {
    const data = adapterList(capabilities, context, c.req.valid("query"));
    return c.json({ object: "list" as const, data }, 200);
  });
}
