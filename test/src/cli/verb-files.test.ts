import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { depthVerb } from "../../../src/capabilities/depth/verb.ts";
import type { Inputs } from "../../../src/cli/picture-paths.ts";
import { bodyFor, type Choice, filesWanted } from "../../../src/cli/verb-files.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-files-"));
afterAll(() => rmSync(folder, { recursive: true }));
const verb = depthVerb([]);
const inputs = (...stems: string[]): Inputs => ({
  list: stems.map((stem) => ({ path: join(folder, `${stem}.heic`), label: stem, stem })),
  several: stems.length > 1,
});
const wanted = (choice: Partial<Choice>, from = inputs("street")) =>
  filesWanted(verb, verb.files!, from, { flags: [], ...choice });
const places = (choice: Partial<Choice>, from = inputs("street")) =>
  wanted(choice, from).map(({ file, places }) => [file.name, ...places]);
const at = (name: string) => join(folder, name);

describe("the output's extension decides", () => {
  test.each([
    ["a.png", "png"],
    ["a.npz", "npz"],
    ["a.EXR", "exr"],
    ["a.glb", "glb"],
    ["a.ply", "ply"],
  ])("%s", (output, name) => {
    expect(places({ output: at(output) })).toEqual([[name, at(output)]]);
  });

  test("an option tells files of one extension apart", () => {
    expect(places({ output: at("a.jpeg"), flags: ["stereo"] })).toEqual([["stereo", at("a.jpeg")]]);
    expect(places({ output: at("a.png"), flags: ["normals"] })).toEqual([["normals", at("a.png")]]);
    expect(() => places({ output: at("a.jpg") })).toThrow("For a .jpg say which: --stereo or --anaglyph");
  });

  test("without one the picture is made", () => {
    expect(places({ output: at("a") })).toEqual([["png", at("a")]]);
    expect(places({ output: "-" })).toEqual([["png", "-"]]);
    expect(places({ output: folder })).toEqual([["png", at("street.png")]]);
    expect(places({ output: "-", flags: ["anaglyph"] })).toEqual([["anaglyph", "-"]]);
  });
});

test("several files go into a folder, or beside each other under one name", () => {
  const as = "glb,stereo,normals,png";
  expect(places({ as, output: folder })).toEqual([
    ["png", at("street.png")],
    ["glb", at("street.glb")],
    ["normals", at("street-normals.png")],
    ["stereo", at("street-stereo.jpg")],
  ]);
  expect(places({ as: "glb, stereo", output: at("room.glb") })).toEqual([
    ["glb", at("room.glb")],
    ["stereo", at("room-stereo.jpg")],
  ]);
  expect(places({ as: "glb,exr", output: at("new/") }, inputs("a", "b"))).toEqual([
    ["exr", at("new/a.exr"), at("new/b.exr")],
    ["glb", at("new/a.glb"), at("new/b.glb")],
  ]);
});

test("without an output files get names of their own in this folder", () => {
  expect(places({ as: "glb" })).toEqual([["glb", "street-depth.glb"]]);
  expect(places({ flags: ["stereo"] })).toEqual([["stereo", "street-stereo.jpg"]]);
});

test.each([
  [{ as: "obj" }, "--as knows no obj; there are png, npz, exr, glb, ply, normals, stereo, anaglyph"],
  [{ as: "glb," }, '--as knows no ""'],
  [{ output: at("a.tif") }, "The output must end in .png, .npz, .exr, .glb, .ply or .jpg"],
  [{ output: at("a.glb"), flags: ["stereo"] }, "The output must end in .jpg or .jpeg"],
  [{ output: "-", as: "glb,ply" }, "Only one file can go to standard output"],
] as const)("%j is refused", (choice, message) => {
  expect(() => places(choice)).toThrow(message);
});

test("several pictures need a folder", () => {
  expect(() => places({ output: at("a.glb") }, inputs("a", "b"))).toThrow("is not a folder");
});

test("a request asks for all files at once", () => {
  expect(bodyFor(wanted({ as: "npz,exr,glb,png", output: folder }))).toEqual({
    include_depth_data: true,
    extras: ["depth_exr", "mesh_glb"],
  });
  expect(bodyFor(wanted({ output: at("a.png") }))).toEqual({});
});
