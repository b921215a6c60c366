/**
 * Writes `docs/bench/fidelity.md`: how far the networks are from their references, stage by stage.
 *
 *     bun scripts/docs/fidelity.ts
 *
 * @module
 */
import { join } from "node:path";
import { openLibrary } from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { resizeFloats, resizeOpenCv, resizePillow } from "../../src/images/pixels.ts";
import { DepthAnything } from "../../src/models/depth-anything/depth-anything.ts";
import { DepthPro } from "../../src/models/depth-pro/depth-pro.ts";
import { loadTransformer, loadVae } from "../../src/models/seedvr2/load.ts";
import { difference, expected, fixture } from "../../test/src/models/fixtures.ts";
import * as flux2 from "../../test/src/models/flux2/measure.ts";
import {
  depthAnythings,
  depthPros,
  grids,
  limits,
  type Measured,
  measureDepthAnything,
  measureDepthPro,
} from "../../test/src/models/measure.ts";
import * as qwen from "../../test/src/models/qwen-image/measure.ts";
import { folder } from "../../test/src/models/seedvr2/fixtures.ts";
import * as seedvr2 from "../../test/src/models/seedvr2/measure.ts";
import * as zimage from "../../test/src/models/zimage/measure.ts";

openLibrary(join(await nativeFolder({ usual: "" }), library), { device: "cpu" });

const number = (value: number) => (value === 0 ? "0" : value.toExponential(1));

/** blocks.3 and blocks.7 are one line. */
const kindOf = (stage: string) => stage.replace(/(?<!da)\d+/g, "n");

/** The largest error of each kind of stage over all pictures. */
function worst(runs: readonly Measured[], which: "stages" | "results"): [string, number][] {
  const found = new Map<string, number>();
  for (const run of runs)
    for (const [stage, error] of Object.entries(run[which]))
      found.set(kindOf(stage), Math.max(found.get(kindOf(stage)) ?? 0, error));
  return [...found];
}

function table(name: string, sizes: readonly string[], runs: readonly Measured[]): string {
  const rows = [
    ...worst(runs, "stages").map(([stage, error]) => `| ${stage} | ${number(error)} |`),
    ...worst(runs, "results").map(([stage, error]) => `| **${stage}** | **${number(error)}** |`),
  ];
  return `### ${name}\n\nPictures: ${sizes.join(", ")}\n\n| stage | largest error |\n|---|---|\n${rows.join("\n")}\n`;
}

const networks = [
  ...depthAnythings.map(([name, path]) => {
    using model = DepthAnything.load([fixture(path)]);
    const recorded = expected(name);
    const sizes = grids(recorded);
    return table(
      name,
      sizes,
      sizes.map((size) => measureDepthAnything(model, recorded, size)),
    );
  }),
  ...depthPros.map(([name, path]) => {
    using model = DepthPro.load([fixture(path)]);
    const recorded = expected(name);
    const sizes = grids(recorded);
    return table(
      name,
      sizes,
      sizes.map((size) => measureDepthPro(model, recorded, size)),
    );
  }),
];

/** Rows of a table of stages; block0.vid and block1.vid are one. */
const rowsOf = (errors: Readonly<Record<string, number>>) =>
  worst([{ stages: errors, results: {}, untold: [], steps: [] }], "stages")
    .map(([stage, error]) => `| ${stage} | ${number(error)} |`)
    .join("\n");
const section = (name: string, about: string, errors: Readonly<Record<string, number>>) =>
  `### ${name}\n\n${about}\n\n| stage | largest error |\n|---|---|\n${rowsOf(errors)}\n`;

function upscaling(): string {
  using vae = loadVae([folder]).vae;
  const colors = Object.fromEntries(
    seedvr2.colorFixes.map((how) => [`colour fix ${how}`, seedvr2.measureColors(how)]),
  );
  return [
    ...seedvr2.variants.map((variant) => {
      using transformer = loadTransformer([join(folder, variant)], variant).transformer;
      return section(
        `transformer, form of ${variant}`,
        "24×21 tokens in even, uneven and shifted windows.",
        seedvr2.measureTransformer(transformer, variant),
      );
    }),
    section("picture coder", "A still of 56×40, and one of 112×136 in tiles with seams.", {
      ...seedvr2.measureVae(vae),
      ...seedvr2.measureTiles(vae),
    }),
    section("colours", "37×53 pixels.", colors),
  ].join("\n");
}

const pipelines: string[] = [];
for (const each of seedvr2.pipelines) {
  const { most, off, count } = await seedvr2.measurePipeline(each);
  const { variant, width, height, softness, seed } = each;
  pipelines.push(
    `| ${variant}, ${width}×${height}, softness ${softness}, seed ${seed} | ${off} of ${count}, at most ${most} level |`,
  );
}

const diffusion = [
  ...qwen.transformers.map((name) =>
    section(
      `transformer, ${name}`,
      {
        plain: "One picture.",
        references: "With two references of other shapes.",
        zero: "With references that are taken for clean at every step.",
      }[name],
      qwen.measureTransformer(name),
    ),
  ),
  section(
    "text encoder",
    "Words alone; two pictures in uneven windows, and words about them.",
    qwen.measureText(),
  ),
  section("picture coder", "A still.", qwen.measureVae()),
].join("\n");

const klein = [
  ...flux2.transformers.map((name) =>
    section(
      `transformer, ${name}`,
      { plain: "One picture.", references: "With two references of other shapes." }[name],
      flux2.measureTransformer(name),
    ),
  ),
  section(
    "text encoder",
    "States of three layers, for a short prompt and one that is cut.",
    flux2.measureText(),
  ),
  section("picture coder", "A still, whole.", flux2.measureVae()),
  section("picture coder, in strips", "The same, eight rows at a time.", flux2.measureVae(1)),
].join("\n");

const single = [
  ...zimage.transformers.map((name) =>
    section(
      `transformer, ${name}`,
      {
        padded: "Picture and caption filled up to multiples of 32 tokens.",
        even: "Token counts that are such multiples.",
      }[name],
      zimage.measureTransformer(name),
    ),
  ),
  section("text encoder", "The states after each layer that is loaded.", zimage.measureText()),
  section("picture coder", "A still, whole.", zimage.measureVae()),
].join("\n");

const recorded = expected("resampling");
const [height, width, channels] = recorded.get("values").shape as [number, number, number];
const floats = { data: recorded.get("values").values, width, height, channels };
const bytes = { data: recorded.bytes("rgb"), width, height, channels };
const float =
  (kernel: "bilinear" | "bicubic", options = {}) =>
  (columns: number, rows: number) =>
    resizeFloats(floats, columns, rows, kernel, options).data;
const forms: readonly (readonly [string, (columns: number, rows: number) => ArrayLike<number>])[] = [
  ["torch-bilinear", float("bilinear")],
  ["torch-bilinear-corners", float("bilinear", { alignCorners: true })],
  ["torch-bicubic", float("bicubic")],
  ["torch-bicubic-corners", float("bicubic", { alignCorners: true })],
  ["torch-bilinear-antialias", float("bilinear", { antialias: true })],
  ["torch-bicubic-antialias", float("bicubic", { antialias: true })],
  ["opencv-cubic", float("bicubic")],
  ["opencv-cubic-bytes", (columns, rows) => resizeOpenCv(bytes, columns, rows, "cubic").data],
  ["opencv-area-bytes", (columns, rows) => resizeOpenCv(bytes, columns, rows, "area").data],
  ...(["nearest", "bilinear", "bicubic", "lanczos"] as const).map(
    (filter) =>
      [
        `pillow-${filter}`,
        (columns: number, rows: number) => resizePillow(bytes, columns, rows, filter).data,
      ] as const,
  ),
];
const resampling = forms.map(([form, run]) => {
  const names = recorded.names.filter((name) => name.startsWith(`${form}/`));
  let largest = 0;
  let off = 0;
  let count = 0;
  for (const name of names) {
    const [rows, columns] = name
      .slice(form.length + 1)
      .split("x")
      .map(Number) as [number, number];
    const found = run(columns, rows);
    if (/bytes|pillow/.test(form)) {
      const wanted = recorded.bytes(name);
      wanted.forEach((value, i) => {
        largest = Math.max(largest, Math.abs(value - found[i]!));
        if (value !== found[i]) off++;
      });
      count += wanted.length;
    } else largest = Math.max(largest, difference(found, recorded.get(name).values));
  }
  const share = count > 0 ? `${off} of ${count}, at most ${largest} level` : number(largest);
  return `| ${form} | ${names.length} | ${share} |`;
});

const page = `# Fidelity

Written by \`bun scripts/docs/fidelity.ts\`. Tiny networks with random weights, in the published layouts, run by us on the CPU in float32
and by the reference (\`test/reference/\`). An error is the largest difference as a share of the largest value. \`n\` stands for every
number of that stage.

## Depth

The references are transformers for Depth Pro and Depth Anything V2, and the authors' package \`depth-anything-3\` for V3. Tests hold
every stage to ${limits.stage} and every result to ${limits.result}. The sizes are native, non-native, odd and not square.

${networks.join("\n")}
## SeedVR2

The reference is mflux 0.18, which agrees with the authors' code. Tests hold every stage to ${seedvr2.limits.stage}, the colours to
${seedvr2.limits.colors}, and a whole run to ${seedvr2.limits.levels} level of 255.

${upscaling()}
### Whole runs

From a picture of 100×75, with the noise of the seed. How many bytes differ.

| run | bytes |
|---|---|
${pipelines.join("\n")}

## Qwen-Image

The reference is diffusers, and transformers for the text encoder. Tests hold every stage to 0.00001 (the picture coder to 0.00002), the
latents of whole runs (words to picture, picture to picture, edits) to 0.0001, and their pictures to one level of 255.

${diffusion}
## FLUX.2 klein

The reference is diffusers, and transformers for the text encoder. Tests hold every stage to 0.00001, and pictures (words, a first
picture, references, guidance) to one level of 255.

${klein}
## Z-Image

The reference is diffusers, and transformers for the text encoder. Tests hold every stage to 0.00001, and pictures to one level of 255.

${single}
## Resampling

Against values of PyTorch, OpenCV and Pillow; ${forms.length} forms, up and down, strips and single pixels. For bytes:
how many differ.

| form | sizes | error |
|---|---|---|
${resampling.join("\n")}
`;
const path = join(import.meta.dir, "../../docs/bench/fidelity.md");
await Bun.write(path, page);
await Bun.$`${join(import.meta.dir, "../../node_modules/.bin/biome")} format --write ${path}`.quiet();
