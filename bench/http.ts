/**
 * The server over real sockets, with the real engine: `bun bench/http.ts [SECONDS]`. Requests a second on kept connections, and how
 * long answers take while a job runs. The client is a process of its own on the same machine, so it takes its share of the cores.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const seconds = Number(process.argv[2] ?? 5);
const data = mkdtempSync(join(tmpdir(), "easel-bench-"));
const checkpoint = join(root, "test/fixtures/depth/v2-hf");

interface Load {
  times: number[];
  perSecond: number;
  statuses: Record<string, number>;
}

/** One request at a time on each of `connections` sockets, for some seconds or a number of requests; times in milliseconds. */
async function load(
  url: URL,
  head: string,
  { connections = 1, count = Number.POSITIVE_INFINITY, pause = 0 } = {},
): Promise<Load> {
  const times: number[] = [];
  const statuses: Record<string, number> = {};
  const started = performance.now();
  const end = started + seconds * 1000;
  let left = count;
  const one = () =>
    new Promise<void>((resolve, reject) => {
      let sent = 0;
      let got = "";
      const next = (socket: { write(text: string): number; end(): void }) => {
        if (left-- <= 0 || performance.now() > end) {
          socket.end();
          return resolve();
        }
        sent = performance.now();
        socket.write(head);
      };
      Bun.connect({
        hostname: url.hostname,
        port: Number(url.port),
        socket: {
          open: next,
          data(socket, chunk) {
            got += chunk.toString("latin1");
            const body = got.indexOf("\r\n\r\n");
            if (body < 0) return;
            const length = Number(/content-length: (\d+)/i.exec(got)?.[1] ?? 0);
            if (got.length < body + 4 + length) return;
            times.push(performance.now() - sent);
            const status = got.slice(9, 12);
            statuses[status] = (statuses[status] ?? 0) + 1;
            got = "";
            if (pause > 0) setTimeout(() => next(socket), pause);
            else next(socket);
          },
          error: (_, error) => reject(error),
        },
      }).catch(reject);
    });
  await Promise.all(Array.from({ length: connections }, one));
  times.sort((a, b) => a - b);
  return { times, statuses, perSecond: times.length / ((performance.now() - started) / 1000) };
}

const at = (times: number[], part: number) =>
  (times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN).toFixed(2);
const say = (what: string, { times, perSecond, statuses }: Load) =>
  console.log(
    `${what.padEnd(44)} ${perSecond.toFixed(0).padStart(7)}/s  p50 ${at(times, 0.5)}  p99 ${at(times, 0.99)}  worst ${at(times, 1)} ms  ${JSON.stringify(statuses)}`,
  );

const server = Bun.spawn(
  [process.execPath, "src/main.ts", "run", "--port", "0", "--data-dir", data, "--max-queue", "100000"],
  {
    cwd: root,
    env: { ...process.env, EASEL_MODEL_PATHS: JSON.stringify({ "depthanything/v2-small": checkpoint }) },
    stdout: "pipe",
    stderr: "ignore",
  },
);
try {
  let told = "";
  let url: URL | undefined;
  for await (const chunk of server.stdout) {
    told += new TextDecoder().decode(chunk);
    const address = /http:\/\/\S+/.exec(told)?.[0];
    if (!address) continue;
    url = new URL(address);
    break;
  }
  if (!url) throw new Error(`the server did not start: ${told}`);
  const base = url;
  while ((await fetch(new URL("/ready", base))).status !== 200) await Bun.sleep(50);

  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${base.host}\r\n\r\n`;
  const estimate = (body: object) => {
    const json = JSON.stringify({ model: "v2-small", mode: "async", ...body });
    return `POST /v1/image/depthanything/estimate HTTP/1.1\r\nHost: ${base.host}\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`;
  };
  const form = new FormData();
  form.set("file", Bun.file(join(root, "test/fixtures/images/turn-1.png")));
  const { file_id } = (await (
    await fetch(new URL("/v1/files", base), { method: "POST", body: form })
  ).json()) as {
    file_id: string;
  };

  say("/health, 32 connections", await load(base, get("/health"), { connections: 32 }));
  say("/v1/jobs?limit=1, 32 connections", await load(base, get("/v1/jobs?limit=1"), { connections: 32 }));
  say("/v1/files/{id}, 32 connections", await load(base, get(`/v1/files/${file_id}`), { connections: 32 }));

  // A queue of jobs that the real engine works through meanwhile.
  const image = { image: { file_id } };
  for (let n = 0; n < 200; n++) await load(base, estimate({ ...image, input_size: 1036 }), { count: 1 });
  const { memory: _, ...health } = (await (await fetch(new URL("/health", base))).json()) as {
    memory: unknown;
    queue_len: number;
  };
  console.log("a job runs, waiting behind it:", health.queue_len);
  say("/health beside a job, every 2 ms", await load(base, get("/health"), { pause: 2 }));
  say("202 beside a job, every 5 ms", await load(base, estimate(image), { pause: 5, count: 600 }));
} finally {
  server.kill("SIGKILL");
  await server.exited;
  rmSync(data, { recursive: true, force: true });
}
