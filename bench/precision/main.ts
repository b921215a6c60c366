/**
 * What products of bfloat16 and of integers change, beside the same networks in float32. The numbers are those of `cpu_precision: bfloat16`, multiplied
 * by float32 instructions, so that any processor can make the page. Writes `docs/bench/precision.md`.
 *
 *     bun bench/precision/main.ts [FOLDER of weights that bench/depth/main.ts made …]
 *         [--wide zimage=FOLDER] [--wide flux2=FOLDER]
 *
 * A wide network is what `bench/published.ts MODEL FOLDER --blocks 2 --only transformer`, and the same with `--only vae`, have made.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { openLibrary, type Products, random, scope, type Tensor } from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { DepthAnything } from "../../src/models/depth-anything/depth-anything.ts";
import { DepthPro } from "../../src/models/depth-pro/depth-pro.ts";
import type { LoadOptions } from "../../src/models/diffusion/parts.ts";
import { denoise as denoiseFlux } from "../../src/models/flux2/denoise.ts";
import * as flux2 from "../../src/models/flux2/load.ts";
import * as fluxPictures from "../../src/models/flux2/pictures.ts";
import { sigmas as sigmasOfFlux } from "../../src/models/flux2/schedule.ts";
import { denoise } from "../../src/models/zimage/denoise.ts";
import * as zimage from "../../src/models/zimage/load.ts";
import { decode, noise } from "../../src/models/zimage/pictures.ts";
import { sigmas } from "../../src/models/zimage/schedule.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { wide: { type: "string", multiple: true, default: [] } },
});
const root = join(import.meta.dir, "../..");
openLibrary(join(await nativeFolder({ usual: "" }), library));
const fixture = (name: string) => join(root, "test/fixtures", name);
const small = { width: 256, height: 192 };
const prompt = "A cat by the window, looking at the rain";

/**
 * The middle of the differences as shares of the values, and the 99th percentile and the largest as shares of the map's range. Pixels that
 * relu made zero in both would make the middle of a map of zeros look perfect, so they count in neither.
 */
function depthRow(name: string, exact: Float32Array, rounded: Float32Array): string {
  const seen = Array.from(exact, (_, i) => i).filter((i) => exact[i] !== 0 || rounded[i] !== 0);
  const [least, most] = [exact.reduce((a, b) => Math.min(a, b)), exact.reduce((a, b) => Math.max(a, b))];
  const apart = (i: number) => Math.abs(rounded[i]! - exact[i]!);
  const sorted = (of: (i: number) => number) => seen.map(of).sort((a, b) => a - b);
  const shares = sorted((i) => apart(i) / Math.max(Math.abs(exact[i]!), 1e-12));
  const ofRange = sorted((i) => apart(i) / (most - least));
  const percent = (value: number) => `${(100 * value).toFixed(2)} %`;
  const at = (list: readonly number[], share: number) =>
    percent(list[Math.floor(share * (list.length - 1))]!);
  const zeros = percent(1 - seen.length / exact.length);
  return `| ${name} | ${at(shares, 0.5)} | ${at(ofRange, 0.99)} | ${at(ofRange, 1)} | ${zeros} |`;
}

/** Of pictures with values from −1 to 1. */
function pictureRow(name: string, exact: Float32Array, rounded: Float32Array): string {
  const level = (value: number) => Math.round((Math.min(Math.max(value, -1), 1) + 1) * 127.5);
  let [squares, sum, largest] = [0, 0, 0];
  for (let i = 0; i < exact.length; i++) {
    const apart = Math.abs(level(exact[i]!) - level(rounded[i]!));
    squares += ((rounded[i]! - exact[i]!) * 127.5) ** 2;
    sum += apart;
    largest = Math.max(largest, apart);
  }
  const ratio = 10 * Math.log10(255 ** 2 / (squares / exact.length));
  return `| ${name} | ${ratio.toFixed(1)} | ${(sum / exact.length).toFixed(2)} | ${largest} |`;
}

const sample = {
  data: Uint8Array.from({ length: 70 * 98 * 3 }, (_, i) => (i * 89 + ((i * i) % 97)) % 256),
  width: 98,
  height: 70,
  channels: 3,
};

function depthOf(folder: string, products: Products): Float32Array {
  const recorded = Bun.file(join(folder, "picture.rgb")).size > 0;
  const picture = recorded
    ? {
        data: new Uint8Array(readFileSync(join(folder, "picture.rgb"))),
        width: 1024,
        height: 768,
        channels: 3,
      }
    : sample;
  if (basename(folder).startsWith("depth-pro")) {
    using model = DepthPro.load([folder], { products });
    return model.predict(picture).canonical;
  }
  using model = DepthAnything.load([folder], { products });
  const sized = recorded
    ? model.preprocess(picture, { inputSize: 518, bound: "short" })
    : { ...picture, data: Float32Array.from(picture.data, (value) => value / 255) };
  return model.predict(sized).depth;
}

/** The text is what the text encoder of the folder gives or, where it has none, random states. */
interface Drawing {
  folder: string;
  how: Pick<LoadOptions, "bits" | "products" | "quantizedProducts">;
  size: { width: number; height: number };
}

const normal = (tokens: number, width: number) => ({
  data: random.normal([tokens, width], random.key(3)).read("float32") as Float32Array<ArrayBuffer>,
  tokens,
});

function encoded<Prompt>(encoder: { prompted(text: string): Prompt; encode(prompt: Prompt): Tensor }) {
  const states = encoder.encode(encoder.prompted(prompt));
  return { data: states.read("float32") as Float32Array<ArrayBuffer>, tokens: states.shape[0]! };
}

const hasEncoder = (folder: string) => existsSync(join(folder, "text_encoder"));

function ofZImage({ folder, how, size }: Drawing): Float32Array {
  const paths = [folder];
  using encoder = hasEncoder(folder)
    ? zimage.loadTextEncoder(paths, { products: how.products ?? "float32" })
    : null;
  using transformer = zimage.loadTransformer(paths, how);
  using vae = zimage.loadVae(paths);
  return scope(() => {
    const positive = encoder ? encoded(encoder) : normal(64, transformer.config.caption);
    const start = noise(size, transformer.config.patch / 4, 7);
    const clean = denoise({ transformer, sigmas: sigmas(4, 3), start, positive, guidance: 1 });
    return decode(vae, clean).read("float32");
  });
}

function ofFlux({ folder, how, size }: Drawing): Float32Array {
  const paths = [folder];
  using encoder = hasEncoder(folder)
    ? flux2.loadTextEncoder(paths, { products: how.products ?? "float32" })
    : null;
  using transformer = flux2.loadTransformer(paths, how);
  using vae = flux2.loadVae(paths);
  return scope(() => {
    const positive = encoder ? encoded(encoder) : normal(64, transformer.config.text);
    const start = fluxPictures.noise(size, transformer.config.channels, 7);
    const clean = denoiseFlux({
      transformer,
      sigmas: sigmasOfFlux(4, (size.width * size.height) / 256),
      start,
      references: [],
      positive,
      guidance: 1,
    });
    return fluxPictures.decode(vae, clean).read("float32");
  });
}

const kinds = ["float32", "bfloat16ByFloat32"] as const;
const tiny = ["v2-hf", "v2-giant", "v3-small", "v3-giant", "v3-mono", "depth-pro-hf"];
const depths = [...tiny.map((name) => fixture(`depth/${name}`)), ...positionals].map((folder) => {
  const [exact, rounded] = kinds.map((products) => depthOf(folder, products)) as [Float32Array, Float32Array];
  return depthRow(`${basename(folder)}${folder.startsWith(root) ? ", tiny" : ""}`, exact, rounded);
});
const draws = { zimage: ofZImage, flux2: ofFlux };
const drawings = [
  { name: "Z-Image, tiny", draw: ofZImage, folder: join(fixture("zimage"), "model"), size: small },
  { name: "FLUX.2, tiny", draw: ofFlux, folder: join(fixture("flux2"), "model"), size: small },
  ...values.wide.map((given) => {
    const [family, folder] = given.split("=") as [keyof typeof draws, string];
    const name = `${family === "zimage" ? "Z-Image" : "FLUX.2"}, published width`;
    return { name, draw: draws[family], folder, size: { width: 256, height: 256 } };
  }),
];
const pictures = drawings
  .filter(({ folder }) => hasEncoder(folder))
  .map(({ name, draw, ...drawing }) => {
    const [exact, rounded] = kinds.map((products) => draw({ ...drawing, how: { products } }));
    return pictureRow(name, exact!, rounded!);
  });
/** Beside the float path at equal bits. */
const integers = drawings.flatMap(({ name, draw, ...drawing }) =>
  ([8, 4] as const).map((bits) => {
    const [exact, rounded] = (["float32", "integer"] as const).map((quantizedProducts) =>
      draw({ ...drawing, how: { bits, products: "float32", quantizedProducts } }),
    );
    console.error(name, bits);
    return pictureRow(`${name} | ${bits}`, exact!, rounded!);
  }),
);

const page = `# Products of bfloat16

How far \`cpu_precision: bfloat16\` is from \`float32\`. Both sides of a product are rounded to bfloat16, and its sums, the residual streams, the
norms, attention, convolutions and the ends of the networks stay in float32.

| depth network | middle difference, of the value | 99 of 100 below, of the range | largest, of the range | zero in both |
|---|---|---|---|---|
${depths.join("\n")}

The goal is a middle difference below 2 % of the value. Pixels that are zero in both maps are not counted.
v3-mono decides by a threshold what is sky: each of its large differences is a pixel whose measure of sky lies within rounding of it.

| picture | PSNR, dB | mean difference, levels | largest |
|---|---|---|---|
${pictures.join("\n")}

The goal is 40 dB. A picture is of four steps, with text encoder and transformer in bfloat16.

## Integers of 8 bits

How far \`cpu_quantized: integer\` is from \`float\`, at the same bits. The transformer's weights are quantized; the rows that they are multiplied
with are rounded to 8 bits, with a scale for each group of 64 numbers, and sums of a group are sums of integers.

| picture | bits | PSNR, dB | mean difference, levels | largest |
|---|---|---|---|---|
${integers.join("\n")}

The goal is a mean difference of at most 2 levels. As it is met, \`auto\` takes integers where the processor has an instruction for them.
Random weights have fewer activations that are far larger than their neighbours than trained ones have; a group of 64 that holds one loses more.

## Method

Written by \`bun bench/precision/main.ts\`. Weights are random: the tiny networks are those of the tests, in the published layouts; the others
have the published sizes, or the published width and two blocks of each kind, and one picture of 1024×768, or of 256². The products are those
of bfloat16, computed by float32 instructions, so these rows do not depend on the processor; sums of integers are exact on all of them. Instructions for bfloat16 differ in the last bits of a sum, and count subnormal numbers as zero.

The kernels for AVX512_BF16 and AMX are tested with their instructions written out in C++ (\`test/mlx-shim/bfloat16.cpp\`,
\`tools/kernels/tiles.h\`); those for Arm's BFMMLA are tested in QEMU. Of the three, AVX512_BF16 has run on a processor that has the instruction:
[peers-diffusion.md](peers-diffusion.md).
`;
const path = join(root, "docs/bench/precision.md");
await Bun.write(path, page);
await Bun.$`${join(root, "node_modules/.bin/biome")} format --write ${path}`.quiet().nothrow();
console.log(page);
