import { expect, test } from "bun:test";
import { DepthAnything } from "../../../src/models/depth-anything/depth-anything.ts";
import { DepthPro } from "../../../src/models/depth-pro/depth-pro.ts";
import { openForTests } from "../../ffi/open.ts";
import { fixture } from "./fixtures.ts";
import { depthAnythings, depthPros } from "./measure.ts";

openForTests();

const picture = {
  data: Uint8Array.from({ length: 70 * 98 * 3 }, (_, i) => (i * 89 + ((i * i) % 97)) % 256),
  width: 98,
  height: 70,
  channels: 3,
};
const rgb = { ...picture, data: Float32Array.from(picture.data, (value) => value / 255) };

/** Median of the differences as shares of the values. Pixels that relu made zero in both maps are not counted. */
function apart(a: Float32Array, b: Float32Array): number {
  const seen = [...a.keys()].filter((i) => a[i] !== 0 || b[i] !== 0);
  expect(seen.length).toBeGreaterThan(a.length / 4);
  const shares = seen.map((i) => Math.abs(b[i]! - a[i]!) / Math.max(Math.abs(a[i]!), 1e-12));
  return shares.sort((x, y) => x - y)[shares.length >> 1]!;
}

/** By float32 instructions: the same numbers on every processor. */
const products = "bfloat16ByFloat32";

test.if(process.platform === "linux").each(depthAnythings)(
  "%s with products of bfloat16 is within 2 percent of itself in float32",
  (_, path) => {
    using exact = DepthAnything.load([fixture(path)], { products: "float32" });
    using rounded = DepthAnything.load([fixture(path)], { products });
    const [a, b] = [exact.predict(rgb).depth, rounded.predict(rgb).depth];
    expect(apart(a, b)).toBeLessThan(0.02);
    expect(b).not.toEqual(a);
  },
  60_000,
);

test.if(process.platform === "linux").each(depthPros)(
  "%s with products of bfloat16 is within 2 percent of itself in float32",
  (_, path) => {
    using exact = DepthPro.load([fixture(path)], { products: "float32" });
    using rounded = DepthPro.load([fixture(path)], { products });
    const [a, b] = [exact.predict(picture), rounded.predict(picture)];
    expect(apart(a.canonical, b.canonical)).toBeLessThan(0.02);
    expect(b.canonical).not.toEqual(a.canonical);
  },
  60_000,
);
