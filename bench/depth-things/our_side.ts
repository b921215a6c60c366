/** Our side of `main.ts`: all extras of the picture in a folder, from the depth map to the bytes of the files. */
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { makeExtras } from "../../src/capabilities/depth/engine/extras.ts";
import { extraKinds } from "../../src/capabilities/depth/extras/options.ts";
import { publishExtras } from "../../src/capabilities/depth/extras/publish.ts";
import { encodePicture } from "../../src/images/encode.ts";

const [folder, widthText, heightText, out] = process.argv.slice(2) as [string, string, string, string];
const [width, height] = [Number(widthText), Number(heightText)];
const bytes = (name: string) => new Uint8Array(readFileSync(join(folder, name)));
const pixels = bytes("picture.rgb");
const depth = new Float32Array(bytes("depth.f32").buffer);
const before = process.memoryUsage().rss;
const cpu = process.cpuUsage();
const start = performance.now();

const texture = await encodePicture({ pixels, width, height, channels: 3 }, { format: "jpeg", quality: 90 });
const made = makeExtras(
  {
    pixels,
    depth,
    width,
    height,
    original: { width, height },
    at: "picture",
    unit: "relative_inverse",
    precision: "float32",
    render: { values: "inverse", normalization: "minmax", invert: false, colormap: "grey", format: "png8" },
    image: new Uint8Array(),
    channels: 1,
    min: 0,
    max: 1,
    ends: [0, 1],
    extras: {
      picture: { width, height },
      kinds: extraKinds,
      meshTriangles: 300_000,
      maxPoints: 2_000_000,
      relativeRange: 2.2,
      texture,
    },
  },
  () => {},
);
const files = await publishExtras({
  made,
  depth,
  width,
  height,
  unit: "relative_inverse",
  inputWidth: width,
  inputHeight: height,
  stem: "depth",
});
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpu);
const peak = process.resourceUsage().maxRSS * 1024 - before;
mkdirSync(out, { recursive: true });
for (const { filename, bytes } of files) {
  await Bun.write(join(out, filename), new Blob([await bytes].flat() as BlobPart[]));
}
console.log(JSON.stringify({ seconds, cpu: (user + system) / 1e6, peak }));
