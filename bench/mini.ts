/**
 * How long the models that come with the program take: depth of a picture of 1024 × 768, step by step; enlargements of one of
 * 1152 × 864; and one-shots of the binary if there is one. Those stand beside `easel --version`, the time that any start takes.
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
import { factors } from "../src/models/mini-upscaler/memory.ts";
import { MiniUpscaler } from "../src/models/mini-upscaler/mini-upscaler.ts";

const root = join(import.meta.dir, "..");
const rounds = Number(process.argv[2] ?? 30);
const inputSize = Number(process.argv[3] ?? usualSizing.inputSize);
const size = { width: 1024, height: 768 };
/** A real picture: the edges of a depth map take longer where there are more of them. */
const street = sharp(join(root, "examples/street.jpg"));
const data = new Uint8Array(
  await street.clone().resize(size.width, size.height).removeAlpha().raw().toBuffer(),
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

for (const name of Object.keys(spans)) delete spans[name];
const small = { width: 1152, height: 864 };
const pixels = await street.clone().resize(small.width, small.height).removeAlpha().raw().toBuffer();
const megapixel = { data: new Uint8Array(pixels), ...small, channels: 3 };
using upscaler = MiniUpscaler.load([join(root, "assets/mini/mini-upscaler.safetensors")]);
for (const factor of factors) {
  resetPeak();
  for (let i = 0; i < Math.min(rounds, 8); i++)
    timed(`1 MP enlarged ${factor}×`, () => upscaler.enlarge(megapixel, factor));
  console.log(`${factor}×: MLX's peak ${(memory().peak / 1e6).toFixed(0)} MB`);
}
report();

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
      "easel upscale IN -o OUT": ["upscale", picture, "-o", join(work, `${i}-large.png`), "--model", "mini"],
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
