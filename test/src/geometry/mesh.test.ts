import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { encodeGlb } from "../../../src/geometry/glb.ts";
import type { MeshLayer } from "../../../src/geometry/layer.ts";
import { type Mesh, meshOf } from "../../../src/geometry/mesh.ts";
import { surfaceOf } from "../../../src/geometry/surface.ts";
import { blank, draw, original } from "./draw.ts";
import { gradient, isSquare, map, paint, squareBeforeWall } from "./scenes.ts";

const [width, height, focal] = [240, 160, 200];
const camera = { width, height, focal };
const picture = paint(width, height, (x, y) =>
  isSquare(x / width, y / height) ? [250, 20, 20] : [20, (255 * x) / width, (255 * y) / height],
);
const metres = (depth: Float32Array) => surfaceOf(depth, width, height, { unit: "metre" });
const before = metres(squareBeforeWall(width, height));
const hills = metres(map(width, height, (x, y) => 4 + Math.sin(x / 17) * 0.4 + Math.cos(y / 23) * 0.3));

function* trianglesOf({ positions, indices }: MeshLayer) {
  const point = (i: number) => [...positions.subarray(i * 3, i * 3 + 3)] as [number, number, number];
  for (let i = 0; i < indices.length; i += 3)
    yield [point(indices[i]!), point(indices[i + 1]!), point(indices[i + 2]!)] as const;
}
const layers = ({ scene, behind }: Mesh) => (behind ? [scene, behind] : [scene]);
const count = (mesh: Mesh) => layers(mesh).reduce((sum, { indices }) => sum + indices.length / 3, 0);

function drawn(mesh: Mesh, eye = original, w = width, h = height) {
  const onto = blank(w, h);
  draw(onto, mesh.scene, picture, camera, eye);
  if (mesh.behind) draw(onto, mesh.behind, mesh.behind.texture, camera, eye);
  return onto;
}

describe("seen from the camera", () => {
  test("the mesh is the picture, without a gap", () => {
    const { pixels, depth } = drawn(meshOf(before, picture, camera));
    expect(depth.every(Number.isFinite)).toBe(true);
    let worst = 0;
    for (let i = 0; i < pixels.length; i++)
      worst = Math.max(worst, Math.abs(pixels[i]! - picture.pixels[i]!));
    expect(worst).toBeLessThan(3);
  });

  test("its depth is the map's, in metres", () => {
    const { depth } = drawn(meshOf(hills, picture, camera));
    for (let i = 0; i < depth.length; i++)
      expect(Math.abs(depth[i]! * hills.inverse[i]! - 1)).toBeLessThan(0.005);
  });
});

test("a slope keeps its distances up to the edge of what stands before it", () => {
  const floor = metres(
    map(width, height, (x, y) => (isSquare(x / width, y / height) ? 1 : 1 / (0.2 + (0.6 * y) / height))),
  );
  const { depth } = drawn(meshOf(floor, picture, camera));
  const wrong = depth.reduce(
    (sum, value, i) => sum + (Math.abs(value * floor.inverse[i]! - 1) > 0.01 ? 1 : 0),
    0,
  );
  // Pixels that the edge itself runs through.
  expect(wrong / depth.length).toBeLessThan(0.005);
});

test("a mesh is to scale and right side up", () => {
  const { scene } = meshOf(before, picture, camera);
  const values = (axis: number) => [...scene.positions].filter((_, i) => i % 3 === axis);
  // The wall, 3 m away, spans the whole picture.
  expect(Math.max(...values(0))).toBeCloseTo((width / 2 / focal) * 3, 4);
  expect(Math.max(...values(1))).toBeCloseTo((height / 2 / focal) * 3, 4);
  expect(Math.min(...values(2))).toBeCloseTo(-3, 4);
  expect(Math.max(...values(2))).toBeCloseTo(-1, 4);
  const top = values(1).indexOf(Math.max(...values(1)));
  expect(scene.uvs[top * 2 + 1]).toBe(0);
});

test("no triangle joins an object to what is behind it", () => {
  for (const layer of layers(meshOf(before, picture, camera)))
    for (const triangle of trianglesOf(layer)) {
      const z = triangle.map((point) => point[2]);
      expect(Math.max(...z) - Math.min(...z)).toBeLessThan(0.2);
    }
});

test("every triangle faces the camera", () => {
  for (const surface of [before, hills])
    for (const layer of layers(meshOf(surface, picture, camera)))
      for (const [a, b, c] of trianglesOf(layer)) {
        const [u, v] = [b.map((value, k) => value - a[k]!), c.map((value, k) => value - a[k]!)] as [
          number[],
          number[],
        ];
        const normal = [
          u[1]! * v[2]! - u[2]! * v[1]!,
          u[2]! * v[0]! - u[0]! * v[2]!,
          u[0]! * v[1]! - u[1]! * v[0]!,
        ];
        // Away from the point, towards the origin.
        expect(-(normal[0]! * a[0] + normal[1]! * a[1] + normal[2]! * a[2])).toBeGreaterThanOrEqual(0);
      }
});

test("behind an object, what it hides goes on in the colours around it", () => {
  const mesh = meshOf(before, picture, camera);
  const behind = mesh.behind!;
  const z = [...behind.positions].filter((_, i) => i % 3 === 2);
  expect(Math.max(...z)).toBeLessThan(-2.9);
  // A step to the side uncovers it: nothing of the picture's middle is empty, or red where the wall is.
  const { pixels, depth } = drawn(mesh, { at: [0.15, 0, 0], turn: 0 });
  let wall = 0;
  for (let y = 30; y < 130; y++)
    for (let x = 30; x < 200; x++) {
      const i = y * width + x;
      expect(depth[i]).toBeLessThan(3.1);
      if (depth[i]! < 2.9) continue;
      wall++;
      expect(pixels[i * 3]).toBeLessThan(60);
    }
  expect(wall).toBeGreaterThan(9000);
});

test("a surface without objects has nothing behind it and no cracks", () => {
  const mesh = meshOf(hills, picture, camera, { triangles: 4000 });
  expect(mesh.behind).toBeUndefined();
  const { positions, indices } = mesh.scene;
  const sides = new Map<string, number>();
  for (let i = 0; i < indices.length; i += 3)
    for (const [a, b] of [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const) {
      const [p, q] = [indices[i + a]!, indices[i + b]!];
      const key = p < q ? `${p} ${q}` : `${q} ${p}`;
      sides.set(key, (sides.get(key) ?? 0) + 1);
    }
  const edge = (i: number) => {
    const [x, y, z] = positions.subarray(i * 3, i * 3 + 3) as unknown as [number, number, number];
    const [u, v] = [(x / -z) * focal, (y / -z) * focal];
    return Math.abs(Math.abs(u) - width / 2) < 1e-3 || Math.abs(Math.abs(v) - height / 2) < 1e-3;
  };
  for (const [key, times] of sides) {
    const [p, q] = key.split(" ").map(Number) as [number, number];
    expect(times).toBe(edge(p) && edge(q) && times === 1 ? 1 : 2);
  }
});

test("the number of triangles is bound, and a plane takes few", () => {
  const noise = metres(map(width, height, (x, y) => 3 + ((x * 7919 + y * 104729) % 97) / 30));
  for (const triangles of [1000, 5000, 40_000, 300_000])
    for (const surface of [before, hills, noise])
      expect(count(meshOf(surface, picture, camera, { triangles }))).toBeLessThanOrEqual(triangles);
  // Slanted, so that its distance changes from place to place.
  const plane = metres(map(width, height, (x, y) => 1 / (0.2 + x / 2000 + y / 3000)));
  expect(count(meshOf(plane, picture, camera))).toBeLessThan(3000);
});

test("more triangles follow the surface more closely", () => {
  const error = (triangles: number) => {
    const { depth } = drawn(meshOf(hills, picture, camera, { triangles }));
    return depth.reduce((sum, value, i) => sum + Math.abs(value * hills.inverse[i]! - 1), 0) / depth.length;
  };
  const [coarse, fine] = [error(1000), error(20_000)];
  expect(fine).toBeLessThan(coarse / 3);
});

describe("maps of any shape and content", () => {
  test("give triangles of finite numbers", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.array(fc.oneof(fc.float({ min: Math.fround(0.1), max: 50 }), fc.constant(Number.NaN)), {
          minLength: 1,
          maxLength: 50,
        }),
        (w, h, values) => {
          const depth = map(w, h, (x, y) => values[(x * 3 + y * 5) % values.length]!);
          const mesh = meshOf(surfaceOf(depth, w, h, { unit: "metre" }), gradient(w, h), {
            width: w,
            height: h,
            focal: 30,
          });
          for (const { positions, uvs, indices } of layers(mesh)) {
            expect(positions.every(Number.isFinite)).toBe(true);
            expect(uvs.every((value) => value >= 0 && value <= 1)).toBe(true);
            expect(indices.every((index) => index < positions.length / 3)).toBe(true);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  test("one column is a strip, and a map without surface is an empty scene", () => {
    const strip = meshOf(surfaceOf(new Float32Array(50).fill(2), 1, 50, { unit: "metre" }), gradient(1, 50), {
      width: 1,
      height: 50,
      focal: 40,
    });
    expect(strip.scene.indices.length).toBeGreaterThan(0);
    const none = metres(new Float32Array(width * height).fill(Number.NaN));
    const empty = meshOf(none, picture, camera);
    expect(empty.scene.indices.length).toBe(0);
    const { json } = parse(encodeGlb(empty, { camera, unit: "metre", texture: jpeg }));
    expect(json.nodes.map(({ name }) => name)).toEqual(["camera"]);
  });
});

/** Anything that is not empty: the writer keeps it as it is. */
const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 0xd9]);

interface Gltf {
  asset: { version: string; generator: string };
  scenes: { extras: Record<string, unknown>; nodes: number[] }[];
  nodes: { name: string; mesh?: number; camera?: number }[];
  cameras: { perspective: { yfov: number; aspectRatio: number } }[];
  materials: {
    doubleSided: boolean;
    extensions: Record<string, unknown>;
    pbrMetallicRoughness: { baseColorTexture: { index: number } };
  }[];
  meshes: { primitives: { attributes: Record<string, number>; indices: number; material: number }[] }[];
  images: { mimeType: string; bufferView: number }[];
  accessors: { bufferView: number; byteOffset?: number; count: number; min?: number[]; max?: number[] }[];
  bufferViews: { byteOffset?: number; byteLength: number }[];
  extensionsUsed: string[];
}

/** The two chunks of a binary glTF file. */
function parse(file: Uint8Array): { json: Gltf; binary: Uint8Array } {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  expect(view.getUint32(0, true)).toBe(0x46546c67);
  expect(view.getUint32(8, true)).toBe(file.length);
  const size = view.getUint32(12, true);
  return {
    json: JSON.parse(new TextDecoder().decode(file.subarray(20, 20 + size))) as Gltf,
    binary: file.subarray(28 + size),
  };
}

describe("a GLB file", () => {
  const mesh = meshOf(before, picture, camera);
  const { json, binary } = parse(encodeGlb(mesh, { camera, unit: "metre", texture: jpeg }));
  const bytesOf = (index: number) => {
    const { byteOffset = 0, byteLength } = json.bufferViews[index]!;
    return binary.slice(byteOffset, byteOffset + byteLength);
  };

  test("holds both layers, unlit and seen from both sides, with their textures", () => {
    expect(json.asset).toMatchObject({ version: "2.0", generator: "easel" });
    expect(json.nodes.map(({ name }) => name)).toEqual(["picture", "behind", "camera"]);
    expect(json.extensionsUsed).toEqual(["KHR_materials_unlit"]);
    for (const material of json.materials) {
      expect(material.doubleSided).toBe(true);
      expect(material.extensions).toEqual({ KHR_materials_unlit: {} });
    }
    expect(json.images.map(({ mimeType }) => mimeType)).toEqual(["image/jpeg", "image/png"]);
    expect(bytesOf(json.images[0]!.bufferView)).toEqual(jpeg);
  });

  test("holds the positions of the mesh", () => {
    const accessor = json.accessors[json.meshes[0]!.primitives[0]!.attributes.POSITION!]!;
    expect(accessor.count).toBe(mesh.scene.positions.length / 3);
    expect(accessor.min![2]).toBe(-3);
    const bytes = bytesOf(accessor.bufferView);
    expect(bytes.length).toBeGreaterThanOrEqual(mesh.scene.positions.byteLength);
  });

  test("says how the picture was taken", () => {
    expect(json.cameras[0]!.perspective.yfov).toBeCloseTo(2 * Math.atan(height / 2 / focal), 10);
    expect(json.cameras[0]!.perspective.aspectRatio).toBeCloseTo(width / height, 10);
    expect(json.scenes[0]!.extras).toEqual({
      focal_length_px: focal,
      width,
      height,
      principal_point: [width / 2, height / 2],
      unit: "metre",
    });
  });
});
