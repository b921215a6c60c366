/** Pictures as calls name them. */
import { z } from "zod";
import { type Api, ToolError, upload } from "../api.ts";

/** An image in one of the forms that the transport allows. */
export function imageInput(paths: boolean) {
  const url = z.object({ url: z.string().max(2048) }).strict();
  const file = z
    .object({ file_id: z.string().regex(/^file_[0-9a-f]+$/, "a file id looks like file_0123abcd") })
    .strict();
  const data = z.object({ data_url: z.string().startsWith("data:") }).strict();
  const forms = z.union([url, file, data]);
  return paths ? z.union([forms, z.object({ path: z.string().max(4096) }).strict()]) : forms;
}

export type ImageInput = { url: string } | { file_id: string } | { data_url: string } | { path: string };

export async function reference(api: Api, image: ImageInput): Promise<Record<string, unknown>> {
  if ("url" in image) return { type: "url", url: image.url };
  if ("file_id" in image) return { type: "file_id", file_id: image.file_id };
  if ("data_url" in image) return { type: "data_url", data_url: image.data_url };
  if (!api.readPath)
    throw new ToolError("invalid_parameter", "paths are taken over stdio only; use url, file_id or data_url");
  const { bytes, name } = await api.readPath(image.path);
  return { type: "file_id", file_id: await upload(api, bytes, name) };
}
