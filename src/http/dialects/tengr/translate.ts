/**
 * A depth-map job in Tengr's words, and the signed links to its results.
 *
 * @module
 */
import { type Links, signedQuery } from "../../../files/links.ts";
import type { Job, JobStatus } from "../../../jobs/job.ts";
import type { DepthMapArtwork, DepthMapRequest } from "./contract.ts";

const statuses: Readonly<Record<JobStatus, DepthMapArtwork["status"]>> = {
  queued: "starting",
  running: "processing",
  succeeded: "succeeded",
  failed: "failed",
  canceled: "canceled",
};

/** The artwork as `GET /v2/artworks/{id}` and the webhook show it. `origin` is what its links begin with. */
export function artworkOf(job: Job, origin: string, links: Links): DepthMapArtwork {
  const id = artworkId(job.id);
  const { started_at, finished_at } = job;
  const ran = started_at === null || finished_at === null ? 0 : finished_at - started_at;
  return {
    id,
    artworkType: "depth_map",
    parameters: job.params as DepthMapRequest,
    duration: Math.round(ran * 1000) / 1000,
    results: job.artifacts.map((_, index) => origin + signedPath(id, index, links)),
    status: statuses[job.status],
    createdAt: new Date(job.created_at * 1000).toISOString(),
    ...(job.status === "failed" && { error: job.error ?? "the depth map could not be made" }),
  };
}

/** "job_" and 32 hexadecimal digits as a UUID. */
export function artworkId(jobId: string): string {
  return jobId.slice(4).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The job behind a UUID, or undefined for a malformed one. */
export function jobIdOf(id: string): string | undefined {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
    ? `job_${id.replaceAll("-", "").toLowerCase()}`
    : undefined;
}

/** The text that the link to one result signs. */
export const resultOf = (id: string, index: number) => `${id.toLowerCase()}\n${index}`;

const signedPath = (id: string, index: number, links: Links) =>
  `/v2/artworks/${id}/results/${index}?${signedQuery(resultOf(id, index), links)}`;
