/**
 * Size, start and memory of the binary, and how `/health` answers while the engine computes. Every figure stands beside one of a bare
 * Hono server made with the same Bun, measured in turns in the same run.
 *
 *     bun build.ts && bun bench/start.ts [rounds]
 *
 * @module
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "..");
const rounds = Number(process.argv[2] ?? 10);
const easel = join(root, "dist/easel");
const work = mkdtempSync(join(tmpdir(), "easel-bench-"));
const home = join(work, "home");
const plain = join(work, "plain");
process.on("exit", () => rmSync(work, { recursive: true, force: true }));

await Bun.write(
  join(work, "plain.ts"),
  `import { Hono } from ${JSON.stringify(join(root, "node_modules/hono/dist/index.js"))};
const app = new Hono().get("/health", (c) => c.json({ status: "ok" }));
const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: app.fetch });
console.log("listening on " + server.url.origin);
process.on("SIGTERM", () => process.exit(0));`,
);
await Bun.build({
  entrypoints: [join(work, "plain.ts")],
  target: "bun",
  format: "esm",
  minify: true,
  bytecode: true,
  compile: { outfile: plain, autoloadDotenv: false, autoloadBunfig: false },
});

interface Start {
  answered: number;
  /** When the native parts lay unpacked in the cache. */
  unpacked: number;
  rss: number;
}

async function launch(binary: string, args: string[]) {
  mkdirSync(home, { recursive: true });
  const started = performance.now();
  const child = Bun.spawn([binary, ...args], {
    cwd: work,
    env: { HOME: home },
    stdout: "pipe",
    stderr: "pipe",
  });
  let text = "";
  const url = await (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) {
      text += decoder.decode(chunk);
      const found = /listening on (http:\S+)/.exec(text);
      if (found) return found[1]!;
    }
    throw new Error(await new Response(child.stderr).text());
  })();
  await (await fetch(`${url}/health`)).arrayBuffer();
  const answered = performance.now() - started;
  const cache = join(home, ".cache/easel");
  while (
    binary === easel &&
    !(existsSync(cache) && readdirSync(cache).some((name) => name.startsWith("native-")))
  )
    await Bun.sleep(1);
  return { child, url, answered, unpacked: performance.now() - started };
}

async function measure(binary: string, args: string[]): Promise<Start> {
  const { child, answered, unpacked } = await launch(binary, args);
  await Bun.sleep(300);
  const rss = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))![1]) / 1000;
  child.kill("SIGTERM");
  await child.exited;
  return { answered, unpacked, rss };
}

const middle = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const spread = (values: number[]) =>
  `${middle(values).toFixed(1)} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;

const run = ["run", "--port", "0"];
const figures: Record<"first" | "warm" | "bare", Start[]> = { first: [], warm: [], bare: [] };
for (let round = 0; round < rounds; round++) {
  rmSync(home, { recursive: true, force: true });
  figures.first.push(await measure(easel, run));
  figures.warm.push(await measure(easel, run));
  figures.bare.push(await measure(plain, []));
}
const megabytes = (path: string) => statSync(path).size / 1e6;
console.log(`${rounds} rounds, middle (least to most)`);
console.log(
  `size                     ${megabytes(easel).toFixed(1)} MB, bare ${megabytes(plain).toFixed(1)}`,
);
for (const [name, label] of [
  ["first", "first start to answer   "],
  ["warm", "warm start to answer    "],
  ["bare", "bare Hono to answer     "],
] as const) {
  console.log(`${label} ${spread(figures[name].map(({ answered }) => answered))} ms`);
  console.log(`  memory after it        ${spread(figures[name].map(({ rss }) => rss))} MB`);
}
console.log(`first start, unpacked    ${spread(figures.first.map(({ unpacked }) => unpacked))} ms`);
console.log(
  `warm / bare              ${spread(figures.warm.map(({ answered }, i) => answered / figures.bare[i]!.answered))}`,
);
