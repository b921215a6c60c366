/** Tengr's API for depth maps: make one, look at it, list them, fetch the result. */
import { createRoute, z } from "@hono/zod-openapi";
import { Refusal } from "../../../errors.ts";
import { isGoodLink } from "../../../files/links.ts";
import type { Job } from "../../../jobs/job.ts";
import type { Scheduler } from "../../../jobs/scheduler.ts";
import { download } from "../../answer/file-access.ts";
import type { Deps } from "../../deps.ts";
import { binary, json } from "../../openapi/responses.ts";
import { idempotencyHeader, idempotencyOf } from "../../request/idempotency.ts";
import { originOf } from "../../request/origin.ts";
import type { Serve } from "../../route.ts";
import type { DialectName } from "../dialect.ts";
import { DepthMapArtwork, DepthMapRequest } from "./contract.ts";
import { creationResponses, refusedResponses, unknownResponse } from "./errors.ts";
import { depthMap } from "./operation.ts";
import { artworkOf, jobIdOf, resultOf } from "./translate.ts";

/** A request names its picture by URL, so its body is short. */
const largestBody = 2 ** 20;

const dialect: DialectName = "tengr";
const tags = ["Artworks (Tengr)"];
const params = z.object({
  id: z.string().openapi({ description: "Id of the artwork, a UUID.", format: "uuid" }),
});

const createArtwork = createRoute({
  method: "post",
  path: "/v2/artworks/depth-map",
  operationId: "create_depth_map_v2_artworks_depth_map_post",
  summary: "Depth map",
  description: depthMap.description,
  tags,
  request: {
    headers: z.object({ "Idempotency-Key": idempotencyHeader }),
    body: { required: true, content: { "application/json": { schema: DepthMapRequest } } },
  },
  responses: {
    202: json("The depth map is queued.", DepthMapArtwork),
    ...refusedResponses,
    ...creationResponses,
  },
});

const listArtworks = createRoute({
  method: "get",
  path: "/v2/artworks",
  operationId: "list_artworks_v2_artworks_get",
  summary: "List artworks",
  description: "Lists depth maps that were made through this API, newest first.",
  tags,
  request: {
    query: z.object({
      offset: z
        .int()
        .min(0)
        .default(0)
        .openapi({ description: "Number of the newest artworks to leave out." }),
      limit: z.int().min(1).max(500).default(10).openapi({ description: "Most artworks in the answer." }),
    }),
  },
  responses: { 200: json("The artworks.", z.array(DepthMapArtwork)), ...refusedResponses },
});

const getArtwork = createRoute({
  method: "get",
  path: "/v2/artworks/{id}",
  operationId: "get_artwork_v2_artworks__id__get",
  summary: "Get artwork",
  description: "Gives one artwork. Poll it until its `status` is `succeeded`, `failed` or `canceled`.",
  tags,
  request: { params },
  responses: { 200: json("The artwork.", DepthMapArtwork), ...refusedResponses, ...unknownResponse },
});

const getResult = createRoute({
  method: "get",
  path: "/v2/artworks/{id}/results/{index}",
  operationId: "get_artwork_result_v2_artworks__id__results__index__get",
  summary: "Get result",
  description:
    "Gives the bytes of a result. The link, with its signature, stands in the artwork's `results`; it needs no token and expires.",
  tags,
  security: [],
  request: {
    params: params.extend({ index: z.string().openapi({ description: "Which of the results, from 0." }) }),
    query: z.object({
      expires: z.string().default("").openapi({ description: "Unix seconds until which the link is good." }),
      signature: z.string().default("").openapi({ description: "The server's signature of the link." }),
    }),
  },
  responses: {
    200: { description: "The depth map.", content: { "image/png": binary } },
    ...refusedResponses,
    ...unknownResponse,
  },
});

export function artworkRoutes(serve: Serve, deps: Deps): void {
  const { scheduler, settings, files, context, links } = deps;

  serve(
    createArtwork,
    async (c) => {
      const request = c.req.valid("json");
      const origin = originOf(c, settings);
      const idempotency = idempotencyOf(c, c.get("body").hash);
      const job = (idempotency && (await scheduler.replay(idempotency))) ?? (await submitted());
      const artwork = artworkOf(job, origin, links);
      return c.json(artwork, 202, { Location: `/v2/artworks/${artwork.id}`, "X-Kiapi-Job-Id": job.id });

      async function submitted(): Promise<Job> {
        const accepted = await scheduler.submit({
          type: depthMap.type,
          dialect,
          params: depthMap.check(request, context),
          webhook: request.webhook === undefined ? undefined : { url: request.webhook, context: { origin } },
          idempotency,
        });
        return accepted.job;
      }
    },
    { largestBody },
  );

  serve(listArtworks, async (c) => {
    const { offset, limit } = c.req.valid("query");
    const origin = originOf(c, settings);
    const jobs = await newest(scheduler, offset + limit);
    return c.json(
      jobs.slice(offset).map((job) => artworkOf(job, origin, links)),
      200,
    );
  });

  serve(
    getArtwork,
    async (c) => {
      const job = await artworkJob(scheduler, c.req.valid("param").id);
      return c.json(artworkOf(job, originOf(c, settings), links), 200);
    },
    { at: "/v2/artworks/:id{(?!depth-map$)[^/]+}" },
  );

  serve(
    getResult,
    async (c) => {
      const { id, index } = c.req.valid("param");
      if (!isGoodLink(resultOf(id, Number(index)), c.req.valid("query"), links.key))
        throw new Refusal(
          "invalid_link",
          "this link is invalid or has expired: fetch the artwork for a new one",
        );
      const { artifacts } = await artworkJob(scheduler, id);
      const file = artifacts[Number(index)];
      const answer = file === undefined ? undefined : await download(files, file, c.req.raw);
      if (!answer) throw new Refusal("file_not_found", "Result not found");
      return answer;
    },
    { at: "/v2/artworks/:id/results/:index{[0-9]+}" },
  );
}

/** The queue's lists continue after an id, Tengr's at a number. */
async function newest(scheduler: Scheduler, count: number): Promise<Job[]> {
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

async function artworkJob(scheduler: Scheduler, id: string): Promise<Job> {
  const jobId = jobIdOf(id);
  const job = jobId && (await scheduler.job(jobId).catch(gone));
  if (job && job.type === depthMap.type) return job;
  throw new Refusal("job_not_found", "Artwork not found");
}

/** A job that retention took is as unknown to these clients as one that never was. */
function gone(error: unknown): undefined {
  if (error instanceof Refusal && (error.code === "job_not_found" || error.code === "job_pruned"))
    return undefined;
  throw error;
}
