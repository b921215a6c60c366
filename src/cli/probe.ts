/**
 * Small jobs that show whether a model works and how fast: a picture of our own through the same API that everybody uses.
 *
 * @module
 */
import type { Capability } from "../capabilities/capability.ts";
import { loadSharp } from "../images/sharp.ts";
import type { Job } from "../jobs/job.ts";
import { type Client, json, runJob } from "./client.ts";

export interface Probe {
  family: string;
  variant: string;
}

/** The variants that a server can run. */
export async function activated(client: Client, capabilities: readonly Capability[]): Promise<Probe[]> {
  const found: Probe[] = [];
  for (const { family } of capabilities) {
    const models = await json<{ name: string; activated: boolean }[]>(
      await client.request(`/v1/image/${family}/models`),
    );
    for (const { name, activated } of models) if (activated) found.push({ family, variant: name });
  }
  return found;
}

/** Shapes on a ramp with grain: the same bytes every time. */
export async function probePicture(width: number, height: number): Promise<Blob> {
  let state = 7;
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      state = (state * 48271) % 2147483647;
      const grain = (state % 17) - 8;
      const near = (x - 0.4 * width) ** 2 + (y - 0.6 * height) ** 2 < (0.2 * height) ** 2;
      const base = near
        ? [214, 96, 48]
        : [(190 * y) / height + 30, (140 * x) / width + 50, 170 - (90 * y) / height];
      for (let c = 0; c < 3; c++)
        pixels[(y * width + x) * 3 + c] = Math.min(255, Math.max(0, base[c]! + grain));
    }
  }
  const png = await loadSharp()(pixels, { raw: { width, height, channels: 3 } })
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
  { family, variant }: Probe,
  { width, height }: ProbeSize,
  signal: AbortSignal,
): Promise<Job> {
  const form = new FormData();
  form.append("file", await probePicture(width, height), "probe.png");
  const { file_id } = await json<{ file_id: string }>(
    await client.request("/v1/files", { method: "POST", body: form }),
  );
  const image = { type: "file_id", file_id };
  const small = { model: variant, steps: 1, width, height, seed: 1, prompt: "a red ball on a table" };
  const [path, body] =
    family === "seedvr2"
      ? ["seedvr2/upscale", { model: variant, image, resolution: "2x", seed: 1 }]
      : family === "qwen"
        ? variant.startsWith("edit")
          ? ["qwen/edit", { ...small, images: [image] }]
          : ["qwen/generate", small]
        : [`${family}/estimate`, { model: variant, image, include_depth_data: false }];
  return runJob(client, `/v1/image/${path}`, body as Record<string, unknown>, () => {}, signal);
}

const cells = 8;

/** The result as the mean grey of 8×8 cells: what a wrong result changes and rounding does not. */
export async function fingerprint(client: Client, job: Job): Promise<number[]> {
  const answer = await client.request(`/v1/files/${job.artifacts[0]}/download`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  const grey = await loadSharp()(bytes)
    .flatten()
    .toColourspace("b-w")
    .resize(cells, cells, { fit: "fill", kernel: "linear" })
    .raw()
    .toBuffer();
  return [...grey];
}
