/** Work for a server that takes a while: a picture of noise, of which nothing is quickly done. */
import sharp from "sharp";
import type { Server } from "./server.ts";

export const side = 1500;

/** Gives the picture's file id. */
export async function upload(server: Server, size = side): Promise<string> {
  const picture = await sharp({
    create: {
      width: size,
      height: size,
      channels: 3,
      background: "grey",
      noise: { type: "gaussian", mean: 128, sigma: 40 },
    },
  })
    .jpeg()
    .toBuffer();
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array(picture)], { type: "image/jpeg" }), "noise.jpg");
  const answer = await fetch(new URL("/v1/files", server.url), { method: "POST", body: form });
  return ((await answer.json()) as { file_id: string }).file_id;
}

export const estimate = (server: Server, file_id: string, more: object) =>
  fetch(new URL("/v1/image/depthanything/estimate", server.url), {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({ model: "mini", image: { type: "file_id", file_id }, ...more }),
  });

/** A job that takes about a second with the upscaler inside the program. */
export const enlarge = (server: Server, file_id: string) =>
  fetch(new URL("/v1/image/seedvr2/upscale", server.url), {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({
      model: "mini",
      image: { type: "file_id", file_id },
      resolution: 1024,
      format: "jpeg",
      mode: "async",
    }),
  });
