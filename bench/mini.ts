/**
 * How long the model that comes with the program takes for a picture of 1024 × 768, step by step, and a one-shot of the binary if there
 * is one. The one-shot stands beside `easel --version`, the time that any start takes.
 *
 *     EASEL_CPU_THREADS=2 bun bench/mini.ts [rounds] [side]
 *
 * @module
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { memory, openLibrary, resetPeak } from "../ffi/index.ts";
import { library, nativeFolder } from "../ffi/native.ts";
import { renderDepth } from "../src/capabilities/depth/render.ts";
import { usualSizing } from "../src/models/mini/memory.ts";
import { MiniDepth } from "../src/models/mini/mini-depth.ts";

const root = join(import.meta.dir, "..");
const rounds = Number(process.argv[2] ?? 30);
const inputSize = Number(process.argv[3] ?? usualSizing.inputSize);
const size = { width: 1024, height: 768 };
/** A slope with stripes: what is in the picture does not change the time. */
const data = Uint8Array.from(
  { length: size.width * size.height * 3 },
  (_, i) => ((i / 3 / size.width) | 0) / 4 + (i % 97),
);

const whole = { data, ...size, channels: 3 };

openLibrary(join(await nativeFolder({ usual: "" }), library), { device: "cpu" });
const spans: Record<string, number[]> = {};
function timed<T>(name: string, work: () => T): T {
  const from = performance.now();
  const made = work();
  spans[name] ??= [];
  spans[name].push(performance.now() - from);
  return made;
}

using model = timed("load", () => MiniDepth.load([join(root, "assets/mini/mini.safetensors")]));
resetPeak();
for (let i = 0; i < rounds; i++) {
  timed("all of a picture", () => {
    const picture = timed("  resize to the network", () =>
      model.preprocess(whole, { inputSize, bound: "short" }),
    );
    const map = timed("  network", () => model.predict(picture).depth);
    const depth = timed("  edges and size of the picture", () =>
      model.resizeMap(map, picture, size, { seen: picture, whole }),
    );
    timed("  render", () =>
      renderDepth(depth, size.width, size.height, {
        values: "inverse",
        normalization: "minmax",
        invert: false,
        colormap: "grey",
        format: "png8",
      }),
    );
  });
}
report();
console.log(`MLX's peak ${(memory().peak / 1e6).toFixed(0)} MB`);

const easel = join(root, "dist/easel");
if (existsSync(easel)) {
  const work = mkdtempSync(join(tmpdir(), "easel-bench-"));
  process.on("exit", () => rmSync(work, { recursive: true, force: true }));
  const picture = join(work, "in.jpg");
  await sharp(data, { raw: { ...size, channels: 3 } })
    .jpeg()
    .toFile(picture);
  for (const name of Object.keys(spans)) delete spans[name];
  for (let i = 0; i < Math.min(rounds, 10); i++) {
    for (const [name, args] of Object.entries({
      "easel --version": ["--version"],
      "easel depth IN -o OUT": ["depth", picture, "-o", join(work, `${i}.png`)],
    })) {
      const env = { HOME: work, PATH: process.env.PATH };
      const from = performance.now();
      const child = Bun.spawnSync([easel, ...args], { cwd: work, env, stdout: "pipe", stderr: "pipe" });
      if (child.exitCode !== 0) throw new Error(`${name}: ${child.stderr.toString().trim()}`);
      const took = performance.now() - from;
      // The first one unpacks the native parts.
      if (i === 0) continue;
      spans[name] ??= [];
      spans[name].push(took);
    }
  }
  report();
}

function report(): void {
  for (const [name, times] of Object.entries(spans)) {
    times.sort((a, b) => a - b);
    const at = (share: number) => times[Math.floor(share * (times.length - 1))]!.toFixed(1).padStart(7);
    console.log(`${name.padEnd(24)} ${at(0.5)} ms (${at(0.1).trim()} to ${at(0.9).trim()})`);
  }
}
