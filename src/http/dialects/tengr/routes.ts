/** Tengr's API for depth maps: make one, look at it, list them, fetch the result. */
import { type OpenAPIHono, z } from "@hono/zod-openapi";
import { artworkOf, jobIdOf, resultOf } from "../../../capabilities/artworks/artwork.ts";
import { DepthMapArtwork, DepthMapRequest } from "../../../capabilities/artworks/contract.ts";
import { depthMap } from "../../../capabilities/artworks/operation.ts";
import { Refusal } from "../../../errors.ts";
import { isGoodLink, type Links, linkKey } from "../../../files/links.ts";
import type { Job } from "../../../jobs/job.ts";
import { download } from "../../answer/file-access.ts";
import { json } from "../../answer/responses.ts";
import type { Deps, Env } from "../../deps.ts";
import { bodyAs } from "../../middleware/ignored-fields.ts";
import { ArtworkError } from "../../openapi/schemas.ts";
import type { ReadJson } from "../../request/body.ts";
import { idempotencyOf } from "../../request/idempotency.ts";
import { originOf } from "../../request/origin.ts";
import { parse } from "../../request/validation.ts";

/** A request names its picture by URL, so its body is short. */
const largestBody = 2 ** 20;

const params = z.object({
  id: z.string().openapi({ description: "Id of the artwork, a UUID.", format: "uuid" }),
});
const query = z.object({
  offset: z.int().min(0).default(0).openapi({ description: "So many of the newest are left out." }),
  limit: z.int().min(1).max(500).default(10).openapi({ description: "At most so many." }),
});

const refused = (...statuses: number[]) =>
  Object.fromEntries(statuses.map((status) => [status, json("The request is refused.", ArtworkError)]));

export function artworkRoutes(app: OpenAPIHono<Env>, deps: Deps, readJson: ReadJson): void {
  const { scheduler, settings, files } = deps;
  const register = app.openAPIRegistry;
  const links: Links = { key: linkKey(settings.data_dir), ttl: settings.result_link_ttl_s };

  register.registerPath({
    method: "post",
    path: "/v2/artworks/depth-map",
    operationId: "create_depth_map_v2_artworks_depth_map_post",
    summary: "Depth map",
    description: depthMap.description,
    request: { body: { required: true, content: { "application/json": { schema: DepthMapRequest } } } },
    responses: {
      202: json("The depth map is queued.", DepthMapArtwork),
      ...refused(400, 401, 403, 405, 413, 429, 500, 503, 507),
    },
  });
  app.post("/v2/artworks/depth-map", async (c) => {
    await using body = await readJson(c, largestBody);
    const { value, hash } = body;
    const request = bodyAs(c, DepthMapRequest, value);
    const origin = originOf(c, settings);
    const idempotency = idempotencyOf(c, hash);
    const job = (idempotency && (await scheduler.replay(idempotency))) ?? (await create());
    const artwork = artworkOf(job, origin, links);
    return c.json(artwork, 202, { Location: `/v2/artworks/${artwork.id}`, "X-Kiapi-Job-Id": job.id });

    async function create(): Promise<Job> {
      const accepted = await scheduler.submit({
        type: depthMap.type,
        params: depthMap.check(request, deps.context),
        webhook: request.webhook === undefined ? undefined : { url: request.webhook, context: { origin } },
        idempotency,
      });
      return accepted.job;
    }
  });

  register.registerPath({
    method: "get",
    path: "/v2/artworks",
    operationId: "list_artworks_v2_artworks_get",
    summary: "List artworks",
    description: "Lists depth maps that were made through this API, newest first.",
    request: { query },
    responses: { 200: json("The artworks.", z.array(DepthMapArtwork)), ...refused(400, 401, 403, 405, 500) },
  });
  app.get("/v2/artworks", async (c) => {
    const { offset, limit } = parse(query, c.req.query(), "query");
    const origin = originOf(c, settings);
    const jobs = await newest(offset + limit);
    return c.json(jobs.slice(offset).map((job) => artworkOf(job, origin, links)));
  });

  /** The queue's own lists go on behind an id, Tengr's at a number. */
  async function newest(count: number): Promise<Job[]> {
    const jobs: Job[] = [];
    let more = true;
    while (more && jobs.length < count) {
      const limit = Math.min(count - jobs.length, 1000);
      const page = await scheduler.list({ type: depthMap.type, limit, after: jobs.at(-1)?.id });
      jobs.push(...page.data);
      more = page.has_more;
    }
    return jobs;
  }

  register.registerPath({
    method: "get",
    path: "/v2/artworks/{id}",
    operationId: "get_artwork_v2_artworks__id__get",
    summary: "Get artwork",
    description: "Gives one artwork. Poll it until its `status` is `succeeded`, `failed` or `canceled`.",
    request: { params },
    responses: { 200: json("The artwork.", DepthMapArtwork), ...refused(400, 401, 403, 405, 404, 500) },
  });
  app.get("/v2/artworks/:id{(?!depth-map$)[^/]+}", async (c) => {
    return c.json(artworkOf(await artworkJob(c.req.param("id")), originOf(c, settings), links));
  });

  async function artworkJob(id: string): Promise<Job> {
    const jobId = jobIdOf(id);
    const job = jobId && (await scheduler.job(jobId).catch(gone));
    if (job && job.type === depthMap.type) return job;
    throw new Refusal("job_not_found", "Artwork not found");
  }

  register.registerPath({
    method: "get",
    path: "/v2/artworks/{id}/results/{index}",
    operationId: "get_artwork_result_v2_artworks__id__results__index__get",
    summary: "Get result",
    description:
      "Gives the bytes of a result. The link, with its signature, stands in the artwork's `results`; it needs no token and expires.",
    security: [],
    request: {
      params: params.extend({ index: z.string().openapi({ description: "Which of the results, from 0." }) }),
      query: z.object({
        expires: z.string().openapi({ description: "Unix seconds until which the link is good." }),
        signature: z.string().openapi({ description: "The server's signature of the link." }),
      }),
    },
    responses: {
      200: {
        description: "The depth map.",
        content: { "image/png": { schema: { type: "string", format: "binary" } as const } },
      },
      ...refused(403, 404, 405, 500),
    },
  });
  app.get("/v2/artworks/:id/results/:index{[0-9]+}", async (c) => {
    const { id, index } = c.req.param();
    if (!isGoodLink(resultOf(id, Number(index)), c.req.query(), links.key)) {
      throw new Refusal(
        "invalid_link",
        "this link is not valid, or not any more: fetch the artwork for a new one",
      );
    }
    const { artifacts } = await artworkJob(id);
    const file = artifacts[Number(index)];
    const answer = file === undefined ? undefined : await download(files, file, c.req.raw);
    if (!answer) throw new Refusal("file_not_found", "Result not found");
    return answer;
  });
}

/** A job that retention took is as unknown to these clients as one that never was. */
function gone(error: unknown): undefined {
  if (error instanceof Refusal && (error.code === "job_not_found" || error.code === "job_pruned"))
    return undefined;
  throw error;
}
