import { expect, test } from "bun:test";
import { extraKinds, resolveExtras } from "../../../../../src/capabilities/depth/extras/options.ts";
import { focalLengthFor, withExtras } from "../../../../../src/capabilities/depth/extras/prepare.ts";
import type { EstimateParams } from "../../../../../src/capabilities/depth/options.ts";
import type { Need } from "../../../../../src/engine/need.ts";

const params = (request: Parameters<typeof resolveExtras>[0]): EstimateParams => ({
  image: { type: "file_id", file_id: "file_1" },
  quantize: null,
  include_depth_data: true,
  focal_length_px: request.focal_length_px ?? null,
  normalization: "minmax",
  invert: false,
  colormap: "grey",
  depth_format: "png8",
  model: "base",
  mode: "sync",
  ...resolveExtras(request),
});

const need = (network: number): Need => ({
  variant: "base",
  bits: null,
  phases: [{ name: "estimate", parts: [{ name: "model", bytes: network }], workingBytes: 1e6, share: 1 }],
  options: {},
  transient: false,
  smaller: "a lower quantize",
});
const photograph = { width: 4000, height: 3000 };

test("a job without extras needs what it needed before", () => {
  expect(withExtras(need(1e9), params({}), photograph)).toEqual(need(1e9));
});

test("extras are a phase of their own, which needs room by the picture's size and the files", () => {
  const room = (kinds: readonly (typeof extraKinds)[number][], picture = photograph) => {
    const { phases } = withExtras(need(1e9), params({ extras: kinds }), picture);
    expect(phases.map(({ name }) => name)).toEqual(["estimate", "extras"]);
    return phases[1]!.workingBytes;
  };
  expect(room(extraKinds)).toBeGreaterThan(room(["normals_png"]));
  expect(room(["normals_png"], { width: 8000, height: 6000 })).toBeGreaterThan(3 * room(["normals_png"]));
  // All files of a photograph of 12 megapixels take less than a gigabyte.
  expect(room(extraKinds)).toBeLessThan(1e9);
});

test("what makes a request smaller is said of the phase that needs most", () => {
  const all = params({ extras: extraKinds });
  expect(withExtras(need(5e9), all, photograph).smaller).toBe("a lower quantize");
  expect(withExtras(need(1e6), all, photograph).smaller).toBe("fewer extras or a smaller picture");
});

test("the focal length is the request's, by pixels or by degrees, else the picture's", () => {
  const picture = { original: { width: 200, height: 100 }, focalLengthPx: 180 };
  expect(focalLengthFor(params({ focal_length_px: 150 }), picture)).toBe(150);
  expect(focalLengthFor(params({ fov_deg: 90 }), picture)).toBeCloseTo(100, 9);
  expect(focalLengthFor(params({}), picture)).toBe(180);
  expect(focalLengthFor(params({}), { original: picture.original })).toBeUndefined();
});
