/**
 * Small jobs that show whether a model works and how fast: a picture of our own through the same API that everybody uses.
 *
 * @module
 */
import type { Family } from "../capabilities/family.ts";
import { type Client, json } from "../cli/client.ts";
import { discard } from "../cli/remote-file.ts";
import { runJob } from "../cli/remote-job.ts";
import { loadSharp } from "../images/sharp.ts";
import type { Job } from "../jobs/job.ts";
import type { Grey } from "./expectation.ts";
import { scene } from "./scene.ts";

/** A model that a server can run. */
export interface Activated {
  family: Family;
  variant: string;
}

/** The variants that a server can run. */
export async function activated(client: Client, families: readonly Family[]): Promise<Activated[]> {
  const found: Activated[] = [];
  for (const family of families) {
    const models = await json<{ name: string; activated: boolean }[]>(
      await client.request(`/v1/${family.domain}/${family.family}/models`),
    );
    for (const { name, activated } of models) if (activated) found.push({ family, variant: name });
  }
  return found;
}

/** A drawn room: the same bytes every time. */
async function probePicture(width: number, height: number): Promise<Blob> {
  const png = await loadSharp()(scene(width, height).pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return new Blob([new Uint8Array(png)]);
}

export interface ProbeSize {
  width: number;
  height: number;
}

/** Runs one job of a variant on a picture of that size, repeatable by its seed. */
export async function runProbe(
  client: Client,
  { family, variant }: Activated,
  { width, height }: ProbeSize,
  signal: AbortSignal,
): Promise<Job> {
  const form = new FormData();
  form.append("file", await probePicture(width, height), "probe.png");
  const { file_id } = await json<{ file_id: string }>(
    await client.request("/v1/files", { method: "POST", body: form }),
  );
  const { path, body } = family.probe.request(variant, { type: "file_id", file_id }, { width, height });
  const route = `/v1/${family.domain}/${family.family}${path}`;
  try {
    return await runJob(client, route, body, () => {}, signal);
  } finally {
    await discard(client, [file_id]);
  }
}

/** The result of a job, as grey values from 0 to 1. */
export async function greyOf(client: Client, job: Job): Promise<Grey> {
  const answer = await client.request(`/v1/files/${job.artifacts[0]}/download`);
  const picture = loadSharp()(Buffer.from(await answer.arrayBuffer()));
  const { depth } = await picture.metadata();
  const deep = depth === "ushort";
  const { data, info } = await picture
    .flatten()
    .toColourspace(deep ? "grey16" : "b-w")
    .raw({ depth: deep ? "ushort" : "uchar" })
    .toBuffer({ resolveWithObject: true });
  const values = deep
    ? new Uint16Array(data.buffer, data.byteOffset, data.length / 2)
    : new Uint8Array(data.buffer, data.byteOffset, data.length);
  const { width, height, channels } = info;
  const most = deep ? 65535 : 255;
  const grey = Float32Array.from({ length: width * height }, (_, i) => values[i * channels]! / most);
  return { width, height, values: grey };
}
