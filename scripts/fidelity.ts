/**
 * Writes `docs/fidelity.md`: how far the depth networks are from their references, stage by stage.
 *
 *     bun scripts/fidelity.ts
 *
 * @module
 */
import { join } from "node:path";
import { openLibrary } from "../ffi/index.ts";
import { library, nativeFolder } from "../ffi/native.ts";
import { DepthAnything } from "../src/models/depth-anything/depth-anything.ts";
import { DepthPro } from "../src/models/depth-pro/depth-pro.ts";
import { resizeFloats, resizeOpenCv, resizePillow } from "../src/nn/pixels.ts";
import { difference, expected, fixture } from "../test/src/models/fixtures.ts";
import {
  depthAnythings,
  depthPros,
  grids,
  limits,
  type Measured,
  measureDepthAnything,
  measureDepthPro,
} from "../test/src/models/measure.ts";

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

const page = `# Fidelity of the depth networks

Written by \`bun scripts/fidelity.ts\`. Tiny networks with random weights, in the published layouts, run by us on the CPU in float32
and by the reference: transformers for Depth Pro and Depth Anything V2, the authors' package \`depth-anything-3\` for V3
(\`test/reference/\`). An error is the largest difference as a share of the largest value. Tests hold every stage to ${limits.stage}
and every result to ${limits.result}. \`n\` stands for every number of that stage; the sizes are native, non-native, odd and not
square.

## Networks

${networks.join("\n")}
## Resampling

Against values of PyTorch, OpenCV and Pillow; ${forms.length} forms, up and down, strips and single pixels. For bytes:
how many differ.

| form | sizes | error |
|---|---|---|
${resampling.join("\n")}
`;
const path = join(import.meta.dir, "../docs/fidelity.md");
await Bun.write(path, page);
await Bun.$`${join(import.meta.dir, "../node_modules/.bin/biome")} format --write ${path}`.quiet();
