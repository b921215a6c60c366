/** A server on a small disk that fills up and gets room again. Prints what its clients see. `bun disk-full-child.ts FOLDER` */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serve } from "../../src/serve.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import { rampEngine } from "./ramp-engine.ts";

const folder = process.argv[2]!;
const picture = new Uint8Array(readFileSync(join(import.meta.dir, "../fixtures/images/turn-1.png")));
let gate = Promise.withResolvers<void>();
const settings = defaultSettings({
  host: "127.0.0.1",
  port: 0,
  data_dir: folder,
  files_root: join(folder, "files"),
  cache_dir: join(folder, "cache"),
  model_paths: { "depthpro/base": folder },
  log_level: "error",
});
const serving = await serve(
  settings,
  { engine: rampEngine(() => gate.promise), folder: Promise.resolve(folder) },
  { write: () => {} },
);
interface Answer {
  [name: string]: unknown;
  http: number;
}
const call = async (method: string, path: string, body?: object | FormData): Promise<Answer> => {
  const answer = await fetch(new URL(path, serving.url), {
    method,
    ...(body instanceof FormData
      ? { body }
      : body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
  });
  return { ...((await answer.json()) as Answer), http: answer.status };
};
const upload = (bytes: Uint8Array<ArrayBuffer>) => {
  const form = new FormData();
  form.set("file", new File([bytes], "a.png", { type: "image/png" }));
  return call("POST", "/v1/files", form);
};
const estimate = (file_id: unknown, mode: string) =>
  call("POST", "/v1/image/depthpro/estimate", { image: { file_id }, mode });
/** Takes the disk's last byte from outside. */
const filler = join(folder, "filler");
const fill = () => {
  for (let size = 2 ** 20; size >= 1; size = Math.floor(size / 2)) {
    try {
      for (;;) writeFileSync(filler, new Uint8Array(size), { flag: "a" });
    } catch {}
  }
};
const until = async (look: () => Promise<boolean>) => {
  while (!(await look())) await Bun.sleep(20);
};
const jobs = async () =>
  ((await call("GET", "/v1/jobs")).data as { id: string; status: string; error_code: string | null }[]).map(
    ({ status, error_code }) => `${status} ${error_code}`,
  );
const ready = () => call("GET", "/ready");

await until(async () => (await ready()).ready === true);
const image = (await upload(picture)).file_id;
const running = (await estimate(image, "async")).job_id;
await until(async () => (await jobs())[0] === "running null");
const waiting = estimate(image, "sync");
const behind = (await estimate(image, "async")).job_id;
const last = estimate(image, "sync");
await until(async () => (await jobs()).length === 4);

const filling = setInterval(fill, 5);
fill();
const refused = await estimate(image, "async");
const tooMuch = await upload(new Uint8Array(100_000));
const unready = await ready();
gate.resolve();
const [sync, further] = await Promise.all([waiting, last]);
const health = await call("GET", "/health");
await until(async () => !(await jobs()).some((status) => /queued|running/.test(status)));
const ended = await jobs();
const deletions = [
  await call("DELETE", `/v1/jobs/${running}`),
  await call("DELETE", `/v1/jobs/${behind}`),
  await call("DELETE", `/v1/files/${image}`),
].map(({ http, deleted }) => [http, deleted]);
const gone = [await call("GET", `/v1/jobs/${running}`), await call("GET", `/v1/files/${image}`)];

clearInterval(filling);
rmSync(filler);
await until(async () => (await ready()).ready === true);
gate = Promise.withResolvers<void>();
gate.resolve();
const again = await upload(picture);
const works = await estimate(again.file_id, "sync");
const reserve = statSync(join(folder, "easel.reserve")).size;
await serving.stop();
console.log(
  JSON.stringify({
    refused: [refused.http, refused.code],
    tooMuch: [tooMuch.http, tooMuch.code],
    unready: [unready.http, unready.ready, unready.reason],
    sync: [sync.http, sync.code],
    further: [further.http, further.code],
    health: health.http,
    ended,
    deletions,
    gone: gone.map(({ http }) => http),
    works: works.http,
    reserve,
    incoming: readdirSync(join(folder, "files/incoming")),
  }),
);
process.exit(0);
