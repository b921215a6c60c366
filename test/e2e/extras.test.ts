/** What a depth request can have made besides, through the whole server. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { extraKinds } from "../../src/capabilities/depth/extras/options.ts";
import { packExr } from "../../src/geometry/exr.ts";
import { encodeNpz } from "../../src/images/npz.ts";
import { decodeNpz } from "../../src/images/npz-read.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import type { Job } from "../../src/jobs/job.ts";
import { depthServer } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures");
const server = await depthServer({ settings: { depthanything_max_input_pixels: 5000 } });
const rgb = await server.upload(join(fixtures, "images/rgb.png"));
const paths = { depthpro: "/v1/image/depthpro/estimate", depthanything: "/v1/image/depthanything/estimate" };
const asJson = { accept: "application/json" };

interface Extra {
  kind: string;
  file_id: string;
  content_type: string;
  bytes: number;
}
interface Result extends Record<string, unknown> {
  extras: Extra[];
  camera: { focal_length_px: number; fov_deg: number; principal_point: number[]; source: string };
}

async function job(
  family: keyof typeof paths,
  body: object,
): Promise<Omit<Job, "result"> & { result: Result }> {
  const answer = await server.post(paths[family], { image: rgb, ...body }, asJson);
  expect(answer.status).toBe(200);
  return (await answer.json()) as never;
}
const bytesOf = async (id: unknown) =>
  new Uint8Array(await (await server.get(`/v1/files/${id}/download`)).arrayBuffer());
const text = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
const arraysOf = async ({ depth_data_file_id }: Result) =>
  decodeNpz(
    await bytesOf(depth_data_file_id),
    ["depth", "focal_length_px", "fov_deg", "principal_point"],
    1 << 20,
  );

describe.each(["depthpro", "depthanything"] as const)("%s", (family) => {
  test("makes every file that was asked for, behind the PNG and the NPZ", async () => {
    const { result, artifacts } = await job(family, { extras: [...extraKinds].reverse() });
    const { extras } = result;
    expect(extras.map(({ kind }) => kind)).toEqual([...extraKinds]);
    expect(artifacts).toEqual([
      result.depth_image_file_id,
      result.depth_data_file_id,
      ...extras.map(({ file_id }) => file_id),
    ] as string[]);
    expect(extras.map(({ content_type }) => content_type)).toEqual([
      "model/gltf-binary",
      "application/octet-stream",
      "image/png",
      "image/x-exr",
      "image/jpeg",
      "image/jpeg",
    ]);
    const files = await Promise.all(extras.map(({ file_id }) => bytesOf(file_id)));
    expect(files.map((file) => file.length)).toEqual(extras.map(({ bytes }) => bytes));
    const [mesh, points, normals, exr, stereo, anaglyph] = files as [Uint8Array, ...Uint8Array[]];
    expect(text(mesh.subarray(0, 4))).toBe("glTF");
    expect(text(points!)).toStartWith("ply\nformat binary_little_endian 1.0\n");
    expect(exr!.subarray(0, 4)).toEqual(new Uint8Array([0x76, 0x2f, 0x31, 0x01]));
    const sizes = [normals, stereo, anaglyph].map(async (file) => {
      const { width, height } = await loadSharp()(file!).metadata();
      return [width, height];
    });
    expect(await Promise.all(sizes)).toEqual([
      [24, 16],
      [48, 16],
      [24, 16],
    ]);
  });

  test("an EXR has the NPZ's values, bit for bit", async () => {
    const { result } = await job(family, { extras: ["depth_exr"] });
    const file = await bytesOf(result.extras[0]!.file_id);
    const depth = (await arraysOf(result)).depth!.data as Float32Array;
    const { packed } = packExr(depth, 24, 16);
    // One block, behind the header, the table with its one offset, and the row and size of the block.
    const view = new DataView(file.buffer);
    const end = text(file).indexOf("screenWindowWidth");
    const table = Array.from({ length: file.length - end - 8 }, (_, i) => end + i).find(
      (at) => Number(view.getBigUint64(at, true)) === at + 8,
    )!;
    const size = view.getInt32(table + 12, true);
    const block = file.subarray(table + 16, table + 16 + size);
    if (size === packed.length) expect(Buffer.compare(block, new Uint8Array(depth.buffer))).toBe(0);
    else expect(Buffer.compare(inflateSync(block), packed)).toBe(0);
  });
});

test("files say how the picture was taken", async () => {
  const { result } = await job("depthanything", { extras: ["points_ply", "mesh_glb"], fov_deg: 60 });
  const focal = 12 / Math.tan(Math.PI / 6);
  expect(result.camera).toEqual({
    focal_length_px: expect.closeTo(focal, 9),
    fov_deg: expect.closeTo(60, 9),
    principal_point: [12, 8],
    source: "given",
  });
  const [mesh, points] = await Promise.all(result.extras.map(({ file_id }) => bytesOf(file_id)));
  expect(text(points!)).toContain(`comment focal_length_px ${result.camera.focal_length_px} given\n`);
  expect(text(mesh!)).toContain(`"focal_length_px":${result.camera.focal_length_px}`);
});

test("an NPZ has the camera too, where it is known", async () => {
  const wide = await arraysOf((await job("depthpro", { fov_deg: 90 })).result);
  expect(wide.focal_length_px!.data[0]).toBeCloseTo(12, 9);
  expect(wide.fov_deg!.data[0]).toBeCloseTo(90, 9);
  expect(wide.principal_point).toEqual({ data: new Float64Array([12, 8]), shape: [2] });
  const found = await arraysOf((await job("depthpro", {})).result);
  expect(found.focal_length_px!.data[0]).toBe(1234);
});

test("without any focal length a usual lens is assumed, and the result says so", async () => {
  const { result } = await job("depthanything", { extras: ["mesh_glb"] });
  expect(result.camera).toMatchObject({ source: "assumed", fov_deg: expect.closeTo(55, 9) });
  expect(result.focal_length_px).toBeNull();
  const estimated = (await job("depthpro", { extras: ["mesh_glb"] })).result;
  expect(estimated.camera).toMatchObject({ source: "estimated", focal_length_px: 1234 });
});

test("parameters are kept with every default decided, and only where extras are wanted", async () => {
  const { params, result } = await job("depthanything", { extras: ["stereo_jpeg"], stereo_focus: 1.5 });
  const choice = {
    extras: ["stereo_jpeg"],
    mesh_triangles: 300_000,
    max_points: 2_000_000,
    relative_range: 2.2,
    stereo_baseline: null,
    stereo_focus: 1.5,
  };
  expect(params).toMatchObject(choice);
  expect(result.params).toMatchObject(choice);
  const { meta } = (await (await server.get(`/v1/files/${result.extras[0]!.file_id}`)).json()) as {
    meta: Record<string, number>;
  };
  expect(meta.stereo_focus).toBe(1.5);
  expect(meta.stereo_baseline).toBeGreaterThan(0);
  const plain = await job("depthanything", {});
  expect(Object.keys(plain.params)).not.toContain("extras");
  expect(Object.keys(plain.result)).not.toContain("extras");
});

test("sizes are bounds", async () => {
  const few = (await job("depthanything", { extras: ["points_ply"], max_points: 1000 })).result;
  expect(text(await bytesOf(few.extras[0]!.file_id))).toContain("element vertex 384\n");
  const near = (await job("depthanything", { extras: ["points_ply"], relative_range: 10 })).result;
  const file = await bytesOf(near.extras[0]!.file_id);
  const view = new DataView(file.buffer, text(file).indexOf("end_header\n") + 11);
  const z = Array.from({ length: 384 }, (_, i) => view.getFloat32(i * 15 + 8, true));
  expect([Math.min(...z), Math.max(...z)]).toEqual([expect.closeTo(-10, 4), -1]);
});

test("with extras and without the NPZ the first artifact is the PNG", async () => {
  const { result, artifacts } = await job("depthanything", {
    extras: ["depth_exr"],
    include_depth_data: false,
  });
  expect(result.depth_data_file_id).toBeNull();
  expect(artifacts).toEqual([result.depth_image_file_id, result.extras[0]!.file_id] as string[]);
});

describe("refused before anything is stored", () => {
  test.each([
    ["a name that is none", { extras: ["mesh_obj"] }, "invalid_request"],
    ["a field of view of nothing", { fov_deg: 0 }, "invalid_request"],
    ["a field of view of half the world", { fov_deg: 180 }, "invalid_request"],
    ["both a field of view and a focal length", { fov_deg: 60, focal_length_px: 20 }, "invalid_parameter"],
    ["a mesh of three triangles", { extras: ["mesh_glb"], mesh_triangles: 3 }, "invalid_request"],
    ["eyes at one place", { extras: ["stereo_jpeg"], stereo_baseline: 0 }, "invalid_request"],
    ["a focal length that is a needle", { extras: ["mesh_glb"], focal_length_px: 1e6 }, "invalid_parameter"],
    ["a focal length that is a sheet", { extras: ["mesh_glb"], focal_length_px: 1e-3 }, "invalid_parameter"],
  ])("%s", async (_, body, code) => {
    const before = (await server.counts()).files;
    const answer = await server.post(paths.depthanything, { image: rgb, ...body }, asJson);
    expect(answer.status).toBe(422);
    expect(((await answer.json()) as { code: string }).code).toBe(code);
    expect((await server.counts()).files).toBe(before);
  });

  test("a focal length alone may be anything above zero, as before", async () => {
    expect((await job("depthpro", { focal_length_px: 1e6 })).result.focal_length_px).toBe(1e6);
  });
});

test.each([
  [1, 40],
  [40, 1],
])("a picture of %d × %d has all files", async (width, height) => {
  const png = await loadSharp()({ create: { width, height, channels: 3, background: "#8090a0" } })
    .png()
    .toBuffer();
  const image = { type: "data_url", data_url: `data:image/png;base64,${png.toString("base64")}` };
  const { result } = await job("depthanything", { image, extras: extraKinds });
  expect(result.extras.length).toBe(extraKinds.length);
  for (const { bytes } of result.extras) expect(bytes).toBeGreaterThan(0);
});

describe("with the real engine", async () => {
  const real = await depthServer({
    modelPaths: {
      "depthpro/base": join(fixtures, "depth/depth-pro-hf"),
      "depthanything/v2-metric-indoor-small": join(fixtures, "depth/v2-metric-hf"),
    },
  });
  const image = await real.upload(join(fixtures, "images/rgb.png"));

  test.each([
    ["depthpro", "base"],
    ["depthanything", "v2-metric-indoor-small"],
  ] as const)("%s/%s", async (family, model) => {
    const answer = await real.post(paths[family], { image, model, mode: "async", extras: extraKinds });
    const { job_id: id } = (await answer.json()) as { job_id: string };
    const ended = await real.ended(id);
    expect(ended.error ?? null).toBeNull();
    const { extras, depth_unit } = ended.result as unknown as Result;
    expect(depth_unit).toBe("metre");
    expect(extras.length).toBe(extraKinds.length);
    const events = await (await real.get(`/v1/jobs/${id}/events`)).text();
    expect(events).toContain('"progress_label":"encoding"');
  });
});

describe("align_to", () => {
  /** The ramp that the engine gives for the picture, in another scale and with another offset. */
  const ramp = Float32Array.from({ length: 24 * 16 }, (_, i) => 2 * (Math.floor(i / 24) + 1) + 3);
  const npzOf = async (depth: Float32Array, shape: number[]) =>
    Buffer.concat(
      await encodeNpz({
        depth: { data: depth, shape },
        range: { data: new Float64Array([5, 45]), shape: [2] },
      }),
    );
  const reference = (bytes: Uint8Array) => ({
    type: "data_url",
    data_url: `data:application/octet-stream;base64,${bytes.toBase64()}`,
  });

  test("brings a map to the one before it, and keeps the range of its picture", async () => {
    const align_to = reference(await npzOf(ramp, [16, 24]));
    const { result } = await job("depthanything", { align_to });
    expect(result.alignment).toEqual({ scale: expect.closeTo(2, 5), shift: expect.closeTo(3, 5) });
    expect((result.params as Record<string, unknown>).align_to).toBeUndefined();
    const { depth } = await arraysOf(result);
    for (const [i, value] of depth!.data.entries()) expect(value).toBeCloseTo(ramp[i]!, 4);
    const picture = await loadSharp()(await bytesOf(result.depth_image_file_id))
      .toColourspace("b-w")
      .raw()
      .toBuffer();
    // Values from 5 to 35 of a range from 5 to 45.
    expect([picture[0], picture.at(-1)]).toEqual([0, 191]);
  });

  test("takes the NPZ of an estimate", async () => {
    const first = (await job("depthpro", {})).result;
    const { result } = await job("depthpro", {
      align_to: { type: "file_id", file_id: first.depth_data_file_id },
    });
    expect(result.alignment).toEqual({ scale: expect.closeTo(1, 9), shift: 0 });
  });

  test.each([
    ["no NPZ", async () => new TextEncoder().encode("no depth at all, but long enough to be read")],
    ["a map of another size", () => npzOf(ramp.subarray(0, 12 * 16), [16, 12])],
    ["a map that is a list", () => npzOf(ramp, [24 * 16])],
  ])("refuses %s", async (_, bytes) => {
    const before = (await server.counts()).files;
    const answer = await server.post(
      paths.depthanything,
      { image: rgb, align_to: reference(await bytes()) },
      asJson,
    );
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: "invalid_reference",
      detail: expect.stringContaining("align_to cannot be used"),
    });
    // What was sent is kept like every upload; nothing was made of it.
    expect((await server.counts()).files).toBe(before + 1);
  });

  test("refuses a file that is not there", async () => {
    const answer = await server.post(
      paths.depthanything,
      { image: rgb, align_to: { type: "file_id", file_id: "file_0123456789abcdef" } },
      asJson,
    );
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: "unknown_file" });
  });
});

test("a focal length has its effect on extras, whatever the model", async () => {
  const notes = async (body: object) =>
    (await job("depthanything", { focal_length_px: 30, ...body })).result.notes;
  expect(await notes({})).toEqual([expect.stringContaining("focal_length_px")]);
  expect(await notes({ extras: ["points_ply"] })).toBeUndefined();
});
