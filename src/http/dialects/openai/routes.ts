/** OpenAI's Images API over the same jobs: what chat front ends and the official clients speak. */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { variantsFor } from "../../../capabilities/catalogue.ts";
import { Refusal } from "../../../errors.ts";
import { isGoodLink, linkKey } from "../../../files/links.ts";
import { download } from "../../answer/file-access.ts";
import { json } from "../../answer/responses.ts";
import type { Deps, Env } from "../../deps.ts";
import type { ReadJson } from "../../request/body.ts";
import { idempotencyHeader } from "../../request/idempotency.ts";
import { createUploads } from "../../request/uploads.ts";
import { ImagesEditRequest, ImagesRequest, ImagesResponse, ModelList, OpenAIError } from "./contract.ts";
import { answerPictures, makeJobs, pictureOf } from "./pictures.ts";
import { formEdit, generationOf, jsonEdit } from "./request.ts";
import type { Kind } from "./translate.ts";

const started = Math.floor(Date.now() / 1000);

const headers = z.object({ "Idempotency-Key": idempotencyHeader });
const refused = Object.fromEntries(
  [400, 401, 403, 404, 409, 413, 429, 500, 503, 504, 507].map((status) => [
    status,
    json("The request is refused or the job has failed.", OpenAIError),
  ]),
);

/** The families that make pictures from words; without one there is nothing to serve. */
export function openaiRoutes(app: OpenAPIHono<Env>, deps: Deps, readJson: ReadJson): void {
  const able = deps.capabilities.filter(({ openai }) => openai !== undefined);
  const register = app.openAPIRegistry;

  register.registerPath({
    method: "get",
    path: "/v1/models",
    operationId: "list_openai_models_v1_models_get",
    summary: "List models (OpenAI)",
    description: "Lists the models on this machine that make pictures, in OpenAI's form.",
    responses: { 200: json("The models.", ModelList) },
  });
  app.get("/v1/models", (c) =>
    c.json({
      object: "list",
      data: able.flatMap((family) => {
        const variants = Object.values(family.openai!).flatMap(({ operation }) =>
          variantsFor(family, operation),
        );
        return family.variants
          .filter((variant) => variants.includes(variant))
          .filter(({ name }) => "source" in deps.context.activation(family.family, name))
          .map(({ name }) => ({
            id: `${family.family}/${name}`,
            object: "model",
            created: started,
            owned_by: "easel",
          }));
      }),
    }),
  );
  if (able.length === 0) return;
  const routesOf = (kind: Kind) =>
    able
      .flatMap(({ domain, family, openai }) => {
        const path = openai?.[kind]?.operation.path;
        return path === undefined ? [] : [`\`POST /v1/${domain}/${family}${path}\``];
      })
      .join(", ");

  register.registerPath({
    method: "post",
    path: "/v1/images/generations",
    operationId: "create_image_v1_images_generations_post",
    summary: "Generate (OpenAI)",
    description: `Makes pictures from words, in OpenAI's form. The same jobs as ${routesOf("generate")}.`,
    request: {
      headers,
      body: { required: true, content: { "application/json": { schema: ImagesRequest } } },
    },
    responses: { 200: json("The pictures.", ImagesResponse), ...refused },
  });
  app.post("/v1/images/generations", async (c) => {
    async function jobs() {
      await using body = await readJson(c);
      return await makeJobs(deps, "generate", generationOf(c, body));
    }
    return answerPictures(c, deps, await jobs());
  });

  register.registerPath({
    method: "post",
    path: "/v1/images/edits",
    operationId: "edit_image_v1_images_edits_post",
    summary: "Edit (OpenAI)",
    description:
      "Changes pictures as the words say, in OpenAI's form. As a form, the pictures are files in `image` or `image[]`; as JSON, they " +
      `stand in \`images\`. The same jobs as ${routesOf("edit")}.`,
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
    responses: { 200: json("The pictures.", ImagesResponse), ...refused },
  });
  app.post("/v1/images/edits", async (c) => {
    const isForm = (c.req.header("content-type") ?? "").toLowerCase().startsWith("multipart/form-data");
    async function formJobs() {
      await using uploads = createUploads(deps.files);
      return await makeJobs(deps, "edit", await formEdit(c, deps, uploads));
    }
    async function jsonJobs() {
      await using body = await readJson(c);
      return await makeJobs(deps, "edit", jsonEdit(c, body));
    }
    return answerPictures(c, deps, await (isForm ? formJobs() : jsonJobs()));
  });

  register.registerPath({
    method: "get",
    path: "/v1/images/results/{file_id}",
    operationId: "get_image_result_v1_images_results__file_id__get",
    summary: "Get picture (OpenAI)",
    description:
      "Gives the picture behind a `url` of an answer. The link carries a signature, needs no token and expires.",
    security: [],
    request: {
      params: z.object({ file_id: z.string() }),
      query: z.object({ expires: z.string(), signature: z.string() }),
    },
    responses: {
      200: {
        description: "The picture.",
        content: { "image/png": { schema: { type: "string", format: "binary" } as const } },
      },
      ...refused,
    },
  });
  app.get("/v1/images/results/:file_id", async (c) => {
    const id = c.req.param("file_id");
    if (!isGoodLink(pictureOf(id), c.req.query(), linkKey(deps.settings.data_dir)))
      throw new Refusal("invalid_link", "this link is not valid, or not any more");
    const answer = await download(deps.files, id, c.req.raw);
    if (!answer) throw new Refusal("file_not_found", "this picture is not there any more");
    return answer;
  });
}
