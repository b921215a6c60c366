/**
 * How long `/health` takes while nothing happens and while the engine computes depth maps, in turns in one run.
 *
 *     bun build.ts && bun bench/health.ts [rounds]
 *
 * @module
 */
import { estimate, upload } from "../test/binary/noise.ts";
import { place, started } from "../test/binary/server.ts";

const rounds = Number(process.argv[2] ?? 3);
const seconds = 4;
using here = place();
await using server = await started(here, { HOME: here.home, EASEL_LOG_LEVEL: "warning" });
const picture = await upload(server, 2000);

async function health(milliseconds: number): Promise<number[]> {
  const times: number[] = [];
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    const started = performance.now();
    await (await server.get("/health")).arrayBuffer();
    times.push(performance.now() - started);
    // as a probe would, not as a flood
    await Bun.sleep(2);
  }
  return times;
}

/** Keeps the engine busy until it is stopped. */
function busy(): () => Promise<number> {
  let stopped = false;
  let done = 0;
  const loop = (async () => {
    while (!stopped) {
      const answer = await estimate(server, picture, { input_size: 1400 });
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
console.log(`exit ${await server.stop()}`);
