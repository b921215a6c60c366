/**
 * How long `/health` takes while nothing happens and while the engine computes depth maps, in turns in one run.
 *
 *     bun build.ts && bun bench/health.ts [rounds]
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";

const rounds = Number(process.argv[2] ?? 3);
const seconds = 4;
const work = mkdtempSync(join(tmpdir(), "easel-bench-"));
const home = join(work, "home");
mkdirSync(home);

const child = Bun.spawn([join(import.meta.dir, "../dist/easel"), "run", "--port", "0"], {
  cwd: work,
  env: { HOME: home, EASEL_LOG_LEVEL: "warning" },
  stdout: "pipe",
  stderr: "inherit",
});
process.on("exit", () => {
  child.kill("SIGKILL");
  rmSync(work, { recursive: true, force: true });
});
const url = await (async () => {
  let text = "";
  for await (const chunk of child.stdout) {
    text += new TextDecoder().decode(chunk);
    const found = /listening on (http:\S+)/.exec(text);
    if (found) return found[1]!;
  }
  throw new Error("the server did not start");
})();

const size = 2000;
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
const { file_id } = (await (await fetch(`${url}/v1/files`, { method: "POST", body: form })).json()) as {
  file_id: string;
};
const image = { type: "file_id", file_id };

async function health(milliseconds: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const started = performance.now();
    await (await fetch(`${url}/health`)).arrayBuffer();
    times.push(performance.now() - started);
    // as a probe would, not as a flood
    await Bun.sleep(2);
  }
  return times;
}

/** Keeps the engine busy until told to stop. */
function busy(): () => Promise<number> {
  let stopped = false;
  let done = 0;
  const loop = (async () => {
    while (!stopped) {
      const answer = await fetch(`${url}/v1/image/depthanything/estimate`, {
        method: "POST",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify({ model: "mini", image, input_size: 1400 }),
      });
      if (!answer.ok) throw new Error(await answer.text());
      done++;
    }
    return done;
  })();
  return () => {
    stopped = true;
    return loop;
  };
}

const at = (values: number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;
const line = (label: string, values: number[]) =>
  console.log(
    `${label} n ${values.length}, p50 ${at(values, 0.5).toFixed(2)}, p99 ${at(values, 0.99).toFixed(2)}, most ${at(values, 1).toFixed(2)} ms`,
  );

await health(500);
for (let round = 0; round < rounds; round++) {
  const idle = await health(seconds * 1000);
  const stop = busy();
  const working = await health(seconds * 1000);
  line("idle     ", idle);
  line("computing", working);
  console.log(
    `           p99 ${(at(working, 0.99) / at(idle, 0.99)).toFixed(1)} times idle's, ${await stop()} pictures`,
  );
}
child.kill("SIGTERM");
console.log(`exit ${await child.exited}`);
