/**
 * The MCP server: nine tools over the API. One is made for each session.
 *
 * @module
 */
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type { CallToolResult, ServerNotification, ServerRequest } from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { type Api, get, post, ToolError, upload } from "./api.ts";
import { followed, type Job, jobOutput, jobResult, runJob, type Watching } from "./jobs.ts";

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

const instructions =
  "easel runs image models on this machine: depth maps, upscaling, generating and editing pictures. " +
  "list_models says which models are installed. Tools that make a picture wait up to wait_s seconds and then answer with the " +
  "running job; get_job waits further. Give pictures by url, by file_id of an earlier result, or as a data_url.";

const mostWait = 600;
const wait_s = z
  .number()
  .min(0)
  .max(mostWait)
  .default(45)
  .describe("Seconds to wait for the result; after that the running job is returned.");

const jobId = z
  .string()
  .regex(/^job_[0-9a-f]+$/, "a job id looks like job_0123abcd")
  .describe("Id of a job.");

const model = z
  .string()
  .max(100)
  .optional()
  .describe('Name of a model, such as "v2-small" or "depthanything/v2-small"; see list_models.');

/** An image in one of the forms that the transport allows. */
function imageInput(paths: boolean) {
  const url = z.object({ url: z.string().max(2048) }).strict();
  const file = z
    .object({ file_id: z.string().regex(/^file_[0-9a-f]+$/, "a file id looks like file_0123abcd") })
    .strict();
  const data = z.object({ data_url: z.string().startsWith("data:") }).strict();
  const forms = z.union([url, file, data]);
  return paths ? z.union([forms, z.object({ path: z.string().max(4096) }).strict()]) : forms;
}

type ImageInput = { url: string } | { file_id: string } | { data_url: string } | { path: string };

async function reference(api: Api, image: ImageInput): Promise<Record<string, unknown>> {
  if ("url" in image) return { type: "url", url: image.url };
  if ("file_id" in image) return { type: "file_id", file_id: image.file_id };
  if ("data_url" in image) return { type: "data_url", data_url: image.data_url };
  if (!api.readPath)
    throw new ToolError("invalid_parameter", "paths are taken over stdio only; use url, file_id or data_url");
  const { bytes, name } = await api.readPath(image.path);
  return { type: "file_id", file_id: await upload(api, bytes, name) };
}

/** A model of `/v1/setup`. */
interface OfferedModel {
  name: string;
  family: string;
  operations: readonly string[];
  default: boolean;
  activated: boolean;
  built_in: boolean;
  licence: string;
  commercial_use: boolean;
  size_gb: number;
  memory_gb: number | null;
  fits: boolean | null;
  loaded: boolean;
}

const offered = async (api: Api): Promise<OfferedModel[]> =>
  (await get<{ data: OfferedModel[] }>(api, "/v1/setup")).data;

/** The model that a call names, or the one that the operation takes without a name. */
async function chosen(api: Api, operation: string, name: string | undefined): Promise<OfferedModel> {
  const models = (await offered(api)).filter(({ operations }) => operations.includes(operation));
  if (name !== undefined) {
    const named = models.find((known) => known.name === name || `${known.family}/${known.name}` === name);
    if (named) return named;
    const list = models.map((known) => `${known.family}/${known.name}`).join(", ");
    throw new ToolError("unknown_model", `no model of that name for this tool; there are ${list}`);
  }
  const usual =
    models.find((known) => known.activated && known.default && !known.built_in) ??
    models.find((known) => known.activated && !known.built_in) ??
    models.find((known) => known.activated);
  if (usual) return usual;
  const first = models.find((known) => known.default) ?? models[0];
  throw new ToolError(
    "not_activated",
    first
      ? `no model for this tool is installed; on the server's machine: easel activate ${first.family}/${first.name}`
      : "this server has no model for this tool",
  );
}

const given = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function watchingOf(extra: Extra, waitSeconds: number): Watching {
  const token = extra._meta?.progressToken;
  return {
    signal: extra.signal,
    waitSeconds,
    ...(token !== undefined && {
      progress: (share: number, message: string) =>
        extra.sendNotification({
          method: "notifications/progress",
          params: { progressToken: token, progress: share, total: 1, message },
        }),
    }),
  };
}

/** Turns refusals into tool errors with their code: the agent reads them, the protocol does not fail. */
function guarded<A>(work: (input: A, extra: Extra) => Promise<CallToolResult>) {
  return async (input: A, extra: Extra): Promise<CallToolResult> => {
    try {
      return await work(input, extra);
    } catch (error) {
      const known = error instanceof ToolError;
      const text = known
        ? `${error.code}: ${error.message}`
        : "internal: the call failed; the server's log has the reason";
      return { isError: true, content: [{ type: "text", text }] };
    }
  };
}

/** Makes pictures: nothing is lost or overwritten by calling it again. */
const making = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true };
const looking = { readOnlyHint: true, openWorldHint: false };

export function createMcpServer(api: Api, version: string): McpServer {
  const server = new McpServer({ name: "easel", title: "easel", version }, { instructions });
  const image = imageInput(api.readPath !== undefined).describe("The picture.");

  server.registerTool(
    "estimate_depth",
    {
      title: "Estimate depth",
      description:
        "Makes a depth map of a picture (PNG, near is bright) and, on request, the values as NumPy data, a mesh, a point cloud, " +
        "normals, OpenEXR, or a stereo picture.",
      inputSchema: {
        image,
        model,
        colormap: z
          .enum(["grey", "turbo", "inferno", "viridis", "spectral"])
          .optional()
          .describe("Colours of the map."),
        include_depth_data: z.boolean().default(false).describe("Adds the values as an NPZ file."),
        extras: z
          .array(
            z.enum(["mesh_glb", "points_ply", "normals_png", "depth_exr", "stereo_jpeg", "anaglyph_jpeg"]),
          )
          .optional()
          .describe(
            "More files from the depth: a textured mesh (y up, metres where the model measures them), points, surface normals, " +
              "32-bit OpenEXR, two views side by side, or a picture for red and cyan glasses.",
          ),
        fov_deg: z
          .number()
          .min(1)
          .max(170)
          .optional()
          .describe("Horizontal field of view of the camera, where it is known."),
        stereo_baseline: z
          .number()
          .positive()
          .optional()
          .describe("Distance between the eyes of a stereo picture; comfortable when left out."),
        wait_s,
      },
      outputSchema: jobOutput,
      annotations: { title: "Estimate depth", ...making },
    },
    guarded(async ({ image, model, wait_s, ...fields }, extra) => {
      const { family, name } = await chosen(api, "/estimate", model);
      const body = given({ ...fields, model: name, image: await reference(api, image as ImageInput) });
      return runJob(api, `/v1/image/${family}/estimate`, body, watchingOf(extra, wait_s));
    }),
  );

  server.registerTool(
    "upscale_image",
    {
      title: "Upscale image",
      description: "Makes a picture larger and sharper.",
      inputSchema: {
        image,
        model,
        resolution: z
          .union([z.enum(["1.5x", "2x", "3x", "4x"]), z.number().int().min(64)])
          .default("2x")
          .describe("A factor, or the length of the result's short side in pixels."),
        softness: z
          .number()
          .min(0)
          .max(1)
          .optional()
          .describe("Smooths noise before upscaling, from 0 to 1."),
        seed: z.number().int().optional(),
        wait_s,
      },
      outputSchema: jobOutput,
      annotations: { title: "Upscale image", ...making },
    },
    guarded(async ({ image, model, wait_s, ...fields }, extra) => {
      const { family, name } = await chosen(api, "/upscale", model);
      const body = given({ ...fields, model: name, image: await reference(api, image as ImageInput) });
      return runJob(api, `/v1/image/${family}/upscale`, body, watchingOf(extra, wait_s));
    }),
  );

  const painting = {
    prompt: z.string().min(1).max(20_000),
    model,
    negative_prompt: z.string().max(20_000).optional(),
    width: z.number().int().min(64).max(4096).optional(),
    height: z.number().int().min(64).max(4096).optional(),
    steps: z.number().int().min(1).max(100).optional(),
    guidance: z.number().min(0).max(30).optional(),
    seed: z.number().int().optional().describe("The same seed gives the same picture."),
    wait_s,
  };

  server.registerTool(
    "generate_image",
    {
      title: "Generate image",
      description: "Makes a picture from words.",
      inputSchema: painting,
      outputSchema: jobOutput,
      annotations: { title: "Generate image", ...making },
    },
    guarded(async ({ model, wait_s, ...fields }, extra) => {
      const { family, name } = await chosen(api, "/generate", model);
      return runJob(
        api,
        `/v1/image/${family}/generate`,
        given({ ...fields, model: name }),
        watchingOf(extra, wait_s),
      );
    }),
  );

  server.registerTool(
    "edit_image",
    {
      title: "Edit image",
      description: "Changes pictures as the words say. Further pictures are references.",
      inputSchema: {
        ...painting,
        images: z
          .array(imageInput(api.readPath !== undefined))
          .min(1)
          .max(8),
      },
      outputSchema: jobOutput,
      annotations: { title: "Edit image", ...making },
    },
    guarded(async ({ images, model, wait_s, ...fields }, extra) => {
      const { family, name } = await chosen(api, "/edit", model);
      const refs = [];
      for (const each of images) refs.push(await reference(api, each as ImageInput));
      const body = given({ ...fields, model: name, images: refs });
      return runJob(api, `/v1/image/${family}/edit`, body, watchingOf(extra, wait_s));
    }),
  );

  server.registerTool(
    "get_job",
    {
      title: "Get job",
      description: "Tells the state of a job and its files, and waits for its end if asked to.",
      inputSchema: { job_id: jobId, wait_s: wait_s.default(0) },
      outputSchema: jobOutput,
      annotations: { title: "Get job", ...looking },
    },
    guarded(async ({ job_id, wait_s }, extra) => followed(api, job_id, watchingOf(extra, wait_s))),
  );

  server.registerTool(
    "cancel_job",
    {
      title: "Cancel job",
      description: "Stops a job that waits or runs. Its record stays; nothing is saved.",
      inputSchema: { job_id: jobId },
      outputSchema: jobOutput,
      annotations: {
        title: "Cancel job",
        readOnlyHint: false,
        destructiveHint: true,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    guarded(async ({ job_id }) => jobResult(api, await post<Job>(api, `/v1/jobs/${job_id}/cancel`, {}))),
  );

  server.registerTool(
    "list_jobs",
    {
      title: "List jobs",
      description: "Lists jobs, newest first.",
      inputSchema: {
        limit: z.number().int().min(1).max(100).default(20),
        status: z.enum(["queued", "running", "succeeded", "failed", "canceled"]).optional(),
      },
      outputSchema: {
        jobs: z.array(
          z.object({
            job_id: z.string(),
            type: z.string(),
            status: z.string(),
            model: z.string().optional(),
            prompt: z.string().optional(),
            error: z.string().optional(),
          }),
        ),
        has_more: z.boolean(),
      },
      annotations: { title: "List jobs", ...looking },
    },
    guarded(async ({ limit, status }) => {
      const query = new URLSearchParams({ limit: String(limit), ...(status && { status }) });
      const { data, has_more } = await get<{ data: Job[]; has_more: boolean }>(api, `/v1/jobs?${query}`);
      const text = (value: unknown) =>
        typeof value === "string" && value !== "" ? value.slice(0, 300) : undefined;
      const jobs = data.map(({ id, type, status, params, error }) =>
        given({
          job_id: id,
          type,
          status,
          model: text(params.model),
          prompt: text(params.prompt),
          error: text(error),
        }),
      );
      const lines = jobs.map(({ job_id, type, status }) => `${job_id} ${type} ${status}`);
      return {
        content: [{ type: "text", text: lines.join("\n") || "There are no jobs." }],
        structuredContent: { jobs, has_more },
      };
    }),
  );

  server.registerTool(
    "list_models",
    {
      title: "List models",
      description:
        "Lists the models with their tools, licences and memory, and whether they are installed and fit this machine.",
      inputSchema: {},
      outputSchema: {
        models: z.array(
          z.object({
            model: z.string().describe("The name for other tools."),
            tools: z.array(z.string()),
            installed: z.boolean(),
            built_in: z.boolean(),
            licence: z.string(),
            commercial_use: z.boolean(),
            download_gb: z.number().optional(),
            memory_gb: z.number().optional().describe("Memory of a usual request."),
            fits: z.boolean().optional().describe("Whether this machine's memory budget holds it."),
            loaded: z.boolean().describe("Whether it is in memory, so that the next call is quick."),
          }),
        ),
      },
      annotations: { title: "List models", ...looking },
    },
    guarded(async () => {
      const models = (await offered(api)).map((known) =>
        given({
          model: `${known.family}/${known.name}`,
          tools: known.operations.flatMap((operation) => toolOf[operation] ?? []),
          installed: known.activated,
          built_in: known.built_in,
          licence: known.licence,
          commercial_use: known.commercial_use,
          download_gb: known.size_gb || undefined,
          memory_gb: known.memory_gb ?? undefined,
          fits: known.fits ?? undefined,
          loaded: known.loaded,
        }),
      );
      const text = models
        .map(({ model, installed }) => `${model}${installed ? "" : " (not installed)"}`)
        .join("\n");
      return { content: [{ type: "text", text }], structuredContent: { models } };
    }),
  );

  server.registerTool(
    "activate_model",
    {
      title: "Install model",
      description:
        "Downloads a model, which may take minutes. A licence that forbids commercial use must be accepted by the user: ask before " +
        "you set accept_license.",
      inputSchema: {
        model: z.string().max(100).describe('Name from list_models, such as "depthanything/v2-small".'),
        accept_license: z.boolean().default(false),
        wait_s,
      },
      outputSchema: jobOutput,
      annotations: {
        title: "Install model",
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: true,
      },
    },
    guarded(async ({ model, accept_license, wait_s }, extra) => {
      const known = (await offered(api)).find(
        ({ family, name }) => `${family}/${name}` === model || name === model,
      );
      if (!known) throw new ToolError("unknown_model", "no model of that name; list_models has them all");
      const path = `/v1/image/${known.family}/models/${known.name}/activate`;
      const { job_id } = await post<{ job_id: string }>(api, path, { accept_license });
      // Others may watch the same download: a cancelled call leaves it running.
      return followed(api, job_id, watchingOf(extra, wait_s));
    }),
  );

  return server;
}

const toolOf: Readonly<Record<string, string>> = {
  "/estimate": "estimate_depth",
  "/upscale": "upscale_image",
  "/generate": "generate_image",
  "/edit": "edit_image",
};
