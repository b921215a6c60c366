/**
 * OpenAI's Images API as the official clients speak it.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { CancelOnDisconnect } from "../../../capabilities/schemas.ts";

const size = z
  .string()
  .regex(/^(auto|\d{1,5}x\d{1,5})$/)
  .default("auto")
  .openapi({ description: "`auto`, or width and height as in `1024x1024`; both multiples of 16." });

/** Fields of both endpoints. Others are ignored. */
const common = {
  model: z.string().nullish().openapi({
    description: "An id of `GET /v1/models`. OpenAI's own names and none at all mean the default.",
  }),
  prompt: z.string().min(1).openapi({ description: "Description of the picture." }),
  n: z.int().min(1).max(10).nullish().openapi({ description: "How many pictures, 1 to 10." }),
  size: size.nullish(),
  quality: z
    .enum(["auto", "low", "medium", "high", "standard", "hd"])
    .nullish()
    .openapi({ description: "`low` takes half the usual steps, `high` and `hd` half as many again." }),
  response_format: z.enum(["url", "b64_json"]).nullish().openapi({
    description: "Whether pictures come inside the answer or as links that expire. Default `b64_json`.",
  }),
  background: z
    .enum(["auto", "opaque", "transparent"])
    .nullish()
    .openapi({ description: "`transparent` is refused: the models make no transparent pictures." }),
  output_format: z.enum(["png", "jpeg", "webp"]).nullish(),
  output_compression: z.int().min(0).max(100).nullish().openapi({ description: "Quality of JPEG and WebP." }),
  stream: z.boolean().nullish().openapi({ description: "Answers with server-sent events." }),
  partial_images: z
    .int()
    .min(0)
    .max(3)
    .nullish()
    .openapi({ description: "With `stream`: how many pictures of the way to send." }),
  seed: z
    .int()
    .nullish()
    .openapi({ description: "An addition of easel: makes the result repeatable. -1 draws a random one." }),
  cancel_on_disconnect: CancelOnDisconnect,
};

export const ImagesRequest = z.looseObject(common).openapi("OpenAIImagesRequest");
export type ImagesRequest = z.infer<typeof ImagesRequest>;

const picture = z.looseObject({
  image_url: z.string().optional().openapi({ description: "An http(s) or data URL." }),
  file_id: z.string().optional().openapi({ description: "A file of `/v1/files`." }),
});

export const ImagesEditRequest = z
  .looseObject({
    ...common,
    images: z.array(picture).min(1).max(8).openapi({ description: "The pictures to change." }),
    mask: picture.nullish().openapi({
      description:
        "A picture whose transparent pixels say what of the first picture is repainted; the rest stays. It is brought to the size of the " +
        "result. With `size: auto` the result has the size of the first picture, in multiples of 16 and with no more pixels than the server's " +
        "default size.",
    }),
  })
  .openapi("OpenAIImagesEditRequest");
export type ImagesEditRequest = z.infer<typeof ImagesEditRequest>;

export const ImagesResponse = z
  .object({
    created: z.int(),
    background: z.literal("opaque"),
    output_format: z.enum(["png", "jpeg", "webp"]),
    quality: z.string(),
    size: z.string(),
    data: z.array(z.object({ b64_json: z.string().optional(), url: z.string().optional() })),
  })
  .openapi("OpenAIImagesResponse");

export const ModelList = z
  .object({
    object: z.literal("list"),
    data: z.array(
      z.object({
        id: z.string(),
        object: z.literal("model"),
        created: z.int(),
        owned_by: z.string(),
      }),
    ),
  })
  .openapi("OpenAIModelList");

export const OpenAIError = z
  .object({
    error: z.object({
      message: z.string(),
      type: z.string(),
      param: z.string().nullable(),
      code: z.string().nullable(),
    }),
  })
  .openapi("OpenAIError");
