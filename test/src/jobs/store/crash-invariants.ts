/**
 * What holds of jobs, files and messages whatever was killed, compared with what the killed processes promised.
 *
 * @module
 */
import { expect } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { FileRecord } from "../../../../src/files/file.ts";
import type { FileStore } from "../../../../src/files/store.ts";
import type { Job } from "../../../../src/jobs/job.ts";
import type { JobStore } from "../../../../src/jobs/store/store.ts";

const ended = new Set(["succeeded", "failed", "canceled"]);

export interface Left {
  dir: string;
  store: JobStore;
  files: FileStore;
  /** Every end of a job, as the database itself saw it. */
  ends: readonly { id: string; status: string }[];
  /** Messages that have not arrived, lent ones among them. */
  waiting: readonly { id: string; job_id: string }[];
}

/** What the children have promised so far. A line that the kill cut short was no promise yet. */
function promises(dir: string) {
  const text = existsSync(join(dir, "journal")) ? readFileSync(join(dir, "journal"), "utf8") : "";
  const lines = text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split(" ") as [string, string, ...string[]]);
  const of = (word: string) => lines.filter(([first]) => first === word);
  return {
    accepted: new Set(of("accepted").map(([, id]) => id)),
    keys: of("accepted").filter((line) => line.length > 2),
    deleting: new Set(of("deleting").map(([, id]) => id)),
    deleted: new Set(of("deleted").map(([, id]) => id)),
    ended: of("ended").map(([, id, status]) => [id, status!] as const),
    told: of("told").map(([, job, id]) => [job, id!] as const),
  };
}

/** Compares what the killed processes left with what they promised. */
export async function inspect({ dir, store, files, ends, waiting }: Left) {
  const promised = promises(dir);
  const jobs = new Map<string, Job>();
  for (let after: string | undefined, more = true; more; ) {
    const page = await store.list({ after, limit: 500 });
    for (const job of page.data) jobs.set(job.id, job);
    after = page.data.at(-1)?.id;
    more = page.has_more;
  }
  const records: FileRecord[] = [];
  for (let after: string | undefined, more = true; more; ) {
    const page = await files.list({ after });
    records.push(...page.data);
    after = page.data.at(-1)?.file_id;
    more = page.has_more;
  }

  // Nothing lost: what was accepted is there, unless somebody asked for its deletion.
  for (const id of promised.accepted) if (!promised.deleting.has(id)) expect(jobs.has(id)).toBe(true);
  for (const id of promised.deleted) expect(jobs.has(id)).toBe(false);
  for (const [id, status] of promised.ended) {
    if (!promised.deleting.has(id)) expect(jobs.get(id)?.status as string).toBe(status);
  }

  // Nothing ended twice, in whatever way.
  const endedIds = ends.map(({ id }) => id);
  expect(endedIds.length - new Set(endedIds).size).toBe(0);

  // No artifact without its record and its bytes, and no record that no job names.
  const known = new Map(records.map((record) => [record.file_id, record]));
  for (const job of jobs.values()) {
    expect(job.artifacts.length > 0).toBe(job.status === "succeeded");
    if (job.status === "succeeded") expect(job.artifacts).toHaveLength(job.params.outputs as number);
    for (const id of job.artifacts) expect(known.has(id)).toBe(true);
  }
  for (const record of records) {
    const bytes = readFileSync(await files.local(record));
    expect(bytes.length).toBe(record.size);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(record.sha256);
    const maker = record.meta.job as string;
    if (jobs.has(maker)) expect(jobs.get(maker)!.artifacts).toContain(record.file_id);
    else expect(promised.deleting.has(maker)).toBe(true);
  }
  const webhooks = new Set<string>();
  for (const id of jobs.keys()) if ((await store.sender(id))?.webhook) webhooks.add(id);
  return { jobs, records, promised, ends, waiting, webhooks };
}

/** What holds once every job has ended. */
export function inspectEnd({
  jobs,
  promised,
  ends,
  waiting,
  webhooks,
}: Awaited<ReturnType<typeof inspect>>): void {
  for (const job of jobs.values()) expect(ended.has(job.status)).toBe(true);
  // Every webhook was told or still will be, always under one id.
  const messages = new Map<string, Set<string>>();
  for (const [job, id] of promised.told) messages.set(job, (messages.get(job) ?? new Set()).add(id));
  for (const { job_id, id } of waiting) messages.set(job_id, (messages.get(job_id) ?? new Set()).add(id));
  for (const id of webhooks) expect(messages.get(id)?.size).toBe(1);

  // One key, one job, over all the restarts; only a deletion gives a key back.
  const byKey = Map.groupBy(promised.keys, ([, , ...key]) => key.join(" "));
  for (const lines of byKey.values()) {
    const kept = new Set(lines.map(([, id]) => id).filter((id) => !promised.deleting.has(id)));
    expect(kept.size).toBeLessThanOrEqual(1);
  }

  // It was a mixed load indeed.
  const count = (status: string) => ends.filter((end) => end.status === status).length;
  for (const status of ended) expect(count(status)).toBeGreaterThan(0);
  expect(promised.deleted.size).toBeGreaterThan(0);
  expect(webhooks.size).toBeGreaterThan(0);
  expect(byKey.size).toBeGreaterThan(0);
}

/** Every stored file has a record. */
export function inspectFiles(folder: string, records: readonly { file_id: string }[]): void {
  const blobs = new Bun.Glob("**/file_*").scanSync(folder);
  const names = [...blobs].map((path) => /file_[0-9a-f]{32}/.exec(path)![0]).sort();
  expect(names).toEqual(records.map(({ file_id }) => file_id).sort());
}
