/** OpenAI's Images API over the same jobs: what chat front ends and the official clients speak. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Capability } from "../../../capabilities/capability.ts";
import { variantsFor } from "../../../capabilities/catalogue.ts";
import { Refusal } from "../../../errors.ts";
import { isGoodLink } from "../../../files/links.ts";
import { download } from "../../answer/file-access.ts";
import type { Deps } from "../../deps.ts";
import { binary, json } from "../../openapi/responses.ts";
import { idempotencyHeader } from "../../request/idempotency.ts";
import { createUploads } from "../../request/uploads.ts";
import { isForm, nameIgnored, type Serve } from "../../route.ts";
import { ImagesEditRequest, ImagesRequest, ImagesResponse, ModelList } from "./contract.ts";
import { refusedResponses } from "./errors.ts";
import { answerPictures, makeJobs, pictureOf } from "./pictures.ts";
import { formEdit, generationOf, jsonEdit } from "./request.ts";
import type { Kind } from "./translate.ts";

const started = Math.floor(Date.now() / 1000);

const tags = ["Images (OpenAI)"];
const headers = z.object({ "Idempotency-Key": idempotencyHeader });
const pictures = {
  200: {
    description: "The pictures; with `stream`, events.",
    content: { "application/json": { schema: ImagesResponse }, "text/event-stream": { schema: z.string() } },
  },
  ...refusedResponses,
} as const;

const listModels = createRoute({
  method: "get",
  path: "/v1/models",
  operationId: "list_openai_models_v1_models_get",
  summary: "List models (OpenAI)",
  description: "Lists the models on this machine that make pictures, in OpenAI's form.",
  tags,
  responses: { 200: json("The models.", ModelList), ...refusedResponses },
});

/** `same` names the routes that make the same jobs. */
const createImage = (same: string) =>
  createRoute({
    method: "post",
    path: "/v1/images/generations",
    operationId: "create_image_v1_images_generations_post",
    summary: "Generate (OpenAI)",
    description: `Makes pictures from words, in OpenAI's form. The same jobs as ${same}.`,
    tags,
    request: {
      headers,
      body: { required: true, content: { "application/json": { schema: ImagesRequest } } },
    },
    responses: pictures,
  });

const editImage = (same: string) =>
  createRoute({
    method: "post",
    path: "/v1/images/edits",
    operationId: "edit_image_v1_images_edits_post",
    summary: "Edit (OpenAI)",
    description:
      "Changes pictures as the words say, in OpenAI's form. As a form, the pictures are files in `image` or `image[]` and the mask is one in " +
      `\`mask\` or \`mask[]\`; as JSON, they stand in \`images\`. The same jobs as ${same}.`,
    tags,
    request: {
      headers,
      body: {
        required: true,
        content: {
          "application/json": { schema: ImagesEditRequest },
          "multipart/form-data": { schema: ImagesRequest },
        },
      },
    },
    responses: pictures,
  });

const getPicture = createRoute({
  method: "get",
  path: "/v1/images/results/{file_id}",
  operationId: "get_image_result_v1_images_results__file_id__get",
  summary: "Get picture (OpenAI)",
  description:
    "Gives the picture behind a `url` of an answer. The link carries a signature, needs no token and expires.",
  tags,
  security: [],
  request: {
    params: z.object({ file_id: z.string() }),
    query: z.object({ expires: z.string().default(""), signature: z.string().default("") }),
  },
  responses: { 200: { description: "The picture.", content: { "image/png": binary } }, ...refusedResponses },
});

/** Without a family that makes pictures from words, only the empty list of models is served. */
export function openaiRoutes(serve: Serve, deps: Deps): void {
  const able = deps.capabilities.filter(({ openai }) => openai !== undefined);
  const { files, links, context } = deps;

  serve(listModels, (c) =>
    c.json(
      {
        object: "list" as const,
        data: able.flatMap((family) =>
          picturesModels(family)
            .filter(({ name }) => "source" in context.activation(family.family, name))
            .map(({ name }) => ({
              id: `${family.family}/${name}`,
              object: "model" as const,
              created: started,
              owned_by: "easel",
            })),
        ),
      },
      200,
    ),
  );
  if (able.length === 0) return;

  serve(createImage(routesFor(able, "generate")), async (c) => {
    const made = await makeJobs(deps, "generate", generationOf(c, c.req.valid("json")));
    return answerPictures(c, deps, made);
  });

  serve(editImage(routesFor(able, "edit")), async (c) => {
    if (!isForm(c))
      return answerPictures(
        c,
        deps,
        await makeJobs(deps, "edit", jsonEdit(c, c.req.valid("json") as ImagesEditRequest)),
      );
    await using uploads = createUploads(files);
    const asked = await formEdit(c, deps, uploads);
    const answer = await answerPictures(c, deps, await makeJobs(deps, "edit", asked));
    nameIgnored(answer, asked.ignored ?? []);
    return answer;
  });

  serve(getPicture, async (c) => {
    const { file_id } = c.req.valid("param");
    if (!isGoodLink(pictureOf(file_id), c.req.valid("query"), links.key))
      throw new Refusal("invalid_link", "this link is invalid or has expired");
    const answer = await download(files, file_id, c.req.raw);
    if (!answer) throw new Refusal("file_not_found", "the picture was deleted");
    return answer;
  });
}

/** A family's variants that OpenAI's routes can use. */
function picturesModels(family: Capability) {
  const able = Object.values(family.openai!).flatMap(({ operation }) => variantsFor(family, operation));
  return family.variants.filter((variant) => able.includes(variant));
}

const routesFor = (families: readonly Capability[], kind: Kind) =>
  families
    .flatMap(({ domain, family, openai }) => {
      const path = openai?.[kind]?.operation.path;
      return path === undefined ? [] : [`\`POST /v1/${domain}/${family}${path}\``];
    })
    .join(", ");
