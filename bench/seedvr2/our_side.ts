/**
 * Our side: what `mflux_side.py` does, with the networks of `src/models`.
 *
 *     bun bench/seedvr2/our_side.ts FOLDER OUT [SIDE]
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { openLibrary } from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { loadText, loadTransformer, loadVae } from "../../src/models/seedvr2/load.ts";
import { decode, denoise, encode, enlarge } from "../../src/models/seedvr2/upscale.ts";

const [folder, out, side = "512"] = process.argv.slice(2) as [string, string, string?];
openLibrary(join(await nativeFolder({ usual: "" }), library));

// As mflux: a processor with an instruction for bfloat16 would take that.
const how = { products: "float32" } as const;
const vae = loadVae([folder], how).vae;
const { transformer } = loadTransformer([folder], "3b", how);
const text = loadText([folder], transformer.config.text);
const raw = await sharp(join(folder, "input.png")).raw().toBuffer({ resolveWithObject: true });
const seconds: Record<string, number> = {};
function timed<T>(name: string, body: () => T): T {
  const started = performance.now();
  const result = body();
  seconds[name] = (performance.now() - started) / 1000;
  return result;
}

const tiling = { tile: 512, overlap: 64 };
const size = Number(side);
const image = timed("whole", () => {
  const from = {
    data: new Uint8Array(raw.data),
    width: raw.info.width,
    height: raw.info.height,
    channels: 3,
  };
  const style = enlarge(from, size, size, 0);
  const low = timed("encode", () => encode(vae, style, tiling));
  const clean = timed("denoise", () => denoise(transformer, low, text, 1));
  return timed("decode", () => decode(vae, clean, style, "wavelet-lab", tiling));
});
writeFileSync(out, image);
const peak = Number(/VmHWM:\s*(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1] ?? 0) * 1024;
console.log(JSON.stringify({ seconds, peak }));
