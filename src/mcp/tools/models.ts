/** Tools that list models and install them. */
import { z } from "zod";
import { post, ToolError } from "../api.ts";
import { followed, jobOutput } from "../jobs.ts";
import { given, looking, type Tool, tool, wait_s, watchingOf } from "../tool.ts";
import { offered } from "./offered.ts";

const toolOf: Readonly<Record<string, string>> = {
  "/estimate": "estimate_depth",
  "/upscale": "upscale_image",
  "/generate": "generate_image",
  "/edit": "edit_image",
};

export const modelTools: readonly Tool[] = [
  tool(
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
            copies: z
              .array(z.object({ bits: z.number(), download_gb: z.number() }))
              .optional()
              .describe("Smaller downloads of the same model, for bits of activate_model."),
            memory_gb: z.number().optional().describe("Memory of a usual request."),
            fits: z.boolean().optional().describe("Whether this machine's memory budget holds it."),
            loaded: z.boolean().describe("Whether it is in memory, so that the next call is quick."),
          }),
        ),
      },
      annotations: { title: "List models", ...looking },
    },
    async (api) => {
      const models = (await offered(api)).map((known) =>
        given({
          model: `${known.family}/${known.name}`,
          tools: known.operations.flatMap((operation) => toolOf[operation] ?? []),
          installed: known.activated,
          built_in: known.built_in,
          licence: known.licence,
          commercial_use: known.commercial_use,
          download_gb: known.size_gb || undefined,
          copies: known.copies?.map(({ bits, size_gb }) => ({ bits, download_gb: size_gb })),
          memory_gb: known.memory_gb ?? undefined,
          fits: known.fits ?? undefined,
          loaded: known.loaded,
        }),
      );
      const text = models
        .map(({ model, installed }) => `${model}${installed ? "" : " (not installed)"}`)
        .join("\n");
      return { content: [{ type: "text", text }], structuredContent: { models } };
    },
  ),
  tool(
    "activate_model",
    {
      title: "Install model",
      description:
        "Downloads a model, which may take minutes. A licence that forbids commercial use must be accepted by the user: ask before " +
        "you set accept_license.",
      inputSchema: {
        model: z.string().max(100).describe('Name from list_models, such as "depthanything/v2-small".'),
        accept_license: z.boolean().default(false),
        bits: z.int().optional().describe("Fetches the copy with so many bits; see copies in list_models."),
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
    async (api, { model, accept_license, bits, wait_s }, extra) => {
      const known = (await offered(api)).find(
        ({ family, name }) => `${family}/${name}` === model || name === model,
      );
      if (!known) throw new ToolError("unknown_model", "no model of that name; list_models has them all");
      const path = `/v1/image/${known.family}/models/${known.name}/activate`;
      const { job_id } = await post<{ job_id: string }>(api, path, given({ accept_license, bits }));
      // Others may watch the same download: a cancelled call leaves it running.
      return followed(api, job_id, watchingOf(extra, wait_s));
    },
  ),
];
