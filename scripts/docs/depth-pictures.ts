/**
 * Draws the pictures of `docs/guides/depth-files.md`: a room of simple bodies with its exact distances, and what is made from it.
 *
 *     bun scripts/docs/depth-pictures.ts
 *
 * @module
 */
import { join } from "node:path";
import { type Camera, focalLengthOf } from "../../src/geometry/camera.ts";
import { meshOf } from "../../src/geometry/mesh.ts";
import { normalsOf } from "../../src/geometry/normals.ts";
import type { Rgb } from "../../src/geometry/rgb.ts";
import { anaglyphOf, stereoOf } from "../../src/geometry/stereo.ts";
import { surfaceOf } from "../../src/geometry/surface.ts";
import { encodePicture } from "../../src/images/encode.ts";
import { blank, draw } from "../../test/src/geometry/draw.ts";

const [width, height] = [1200, 800];
const camera: Camera = { width, height, focal: focalLengthOf(62, width) };
const folder = join(import.meta.dir, "../../docs/images");

type Vector = readonly [number, number, number];
const dot = (a: Vector, b: Vector) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
const along = (from: Vector, ray: Vector, t: number): Vector => [
  from[0] + ray[0] * t,
  from[1] + ray[1] * t,
  from[2] + ray[2] * t,
];
const unit = (v: Vector): Vector => {
  const length = Math.sqrt(dot(v, v));
  return [v[0] / length, v[1] / length, v[2] / length];
};

interface Hit {
  t: number;
  normal: Vector;
  color: Vector;
}
/** Where a ray meets the body first. */
type Body = (from: Vector, ray: Vector) => Hit | undefined;

function ball(centre: Vector, radius: number, color: Vector): Body {
  return (from, ray) => {
    const away: Vector = [from[0] - centre[0], from[1] - centre[1], from[2] - centre[2]];
    const [a, b, c] = [dot(ray, ray), dot(away, ray), dot(away, away) - radius * radius];
    const inside = b * b - a * c;
    if (inside < 0) return undefined;
    const t = (-b - Math.sqrt(inside)) / a;
    if (t < 1e-4) return undefined;
    const at = along(from, ray, t);
    const normal = unit([at[0] - centre[0], at[1] - centre[1], at[2] - centre[2]]);
    const stripe = Math.sin(14 * normal[1] + 3 * normal[0]) > 0.2 ? 1 : 0.82;
    return { t, normal, color: [color[0] * stripe, color[1] * stripe, color[2] * stripe] };
  };
}

/** A box along the axes. */
function box(least: Vector, most: Vector, color: Vector): Body {
  return (from, ray) => {
    let [near, far, side] = [-Infinity, Infinity, 0];
    for (let k = 0; k < 3; k++) {
      const a = (least[k]! - from[k]!) / ray[k]!;
      const b = (most[k]! - from[k]!) / ray[k]!;
      if (Math.min(a, b) > near) [near, side] = [Math.min(a, b), k];
      far = Math.min(far, Math.max(a, b));
    }
    if (near > far || near < 1e-4) return undefined;
    const normal: [number, number, number] = [0, 0, 0];
    normal[side] = -Math.sign(ray[side]!);
    const at = along(from, ray, near);
    const grain = 0.93 + 0.07 * Math.sin(40 * at[(side + 1) % 3]! + 2 * Math.sin(9 * at[(side + 2) % 3]!));
    return { t: near, normal, color: [color[0] * grain, color[1] * grain, color[2] * grain] };
  };
}

function plane(axis: 0 | 1 | 2, place: number, color: (at: Vector) => Vector): Body {
  return (from, ray) => {
    const t = (place - from[axis]) / ray[axis];
    if (!(t > 1e-4)) return undefined;
    const normal: [number, number, number] = [0, 0, 0];
    normal[axis] = -Math.sign(ray[axis]);
    return { t, normal, color: color(along(from, ray, t)) };
  };
}

const tiles = ([x, , z]: Vector): Vector =>
  (Math.floor(x * 2) + Math.floor(z * 2)) & 1 ? [214, 190, 160] : [188, 160, 128];
const paper = ([x, y]: Vector): Vector =>
  Math.abs(((x * 2 + 100) % 1) - 0.5) < 0.06 || Math.abs(((y * 2 + 100) % 1) - 0.5) < 0.03
    ? [120, 150, 165]
    : [150, 180, 192];

const bodies: readonly Body[] = [
  plane(1, -1, tiles),
  plane(2, -5.2, paper),
  ball([-0.75, -0.45, -2.5], 0.55, [214, 84, 60]),
  ball([0.15, -0.72, -1.95], 0.28, [236, 196, 72]),
  box([0.55, -1, -3.3], [1.35, 0.35, -2.7], [96, 128, 92]),
  box([-2.4, -1, -4.6], [-1.5, 0.9, -4.0], [150, 112, 84]),
  ball([1.0, 0.62, -3.0], 0.27, [86, 104, 168]),
  ball([1.9, -0.4, -4.2], 0.6, [176, 120, 170]),
];
const light: Vector = [-2.2, 3.2, -0.4];

function first(from: Vector, ray: Vector): Hit | undefined {
  let nearest: Hit | undefined;
  for (const body of bodies) {
    const hit = body(from, ray);
    if (hit && (!nearest || hit.t < nearest.t)) nearest = hit;
  }
  return nearest;
}

/** Picture and distances, each pixel the mean of four rays, the distance that of its middle. */
function photograph(): { picture: Rgb; depth: Float32Array } {
  const pixels = new Uint8Array(width * height * 3);
  const depth = new Float32Array(width * height);
  const rayTo = (x: number, y: number): Vector => [
    (x - width / 2) / camera.focal,
    (height / 2 - y) / camera.focal,
    -1,
  ];
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const sum = [0, 0, 0];
      for (const [dx, dy] of [
        [0.25, 0.25],
        [0.75, 0.25],
        [0.25, 0.75],
        [0.75, 0.75],
      ] as const) {
        const ray = rayTo(x + dx, y + dy);
        const hit = first([0, 0, 0], ray);
        if (!hit) continue;
        const at = along(along([0, 0, 0], ray, hit.t), hit.normal, 1e-3);
        const toLight: Vector = [light[0] - at[0], light[1] - at[1], light[2] - at[2]];
        const shadow = first(at, toLight);
        const lit = shadow && shadow.t < 1 ? 0 : Math.max(0, dot(hit.normal, unit(toLight)));
        for (let k = 0; k < 3; k++) sum[k]! += (hit.color[k]! * (0.42 + 0.62 * lit)) / 4;
      }
      for (let k = 0; k < 3; k++) pixels[i * 3 + k] = Math.min(255, sum[k]!);
      depth[i] = first([0, 0, 0], rayTo(x + 0.5, y + 0.5))?.t ?? 0;
    }
  }
  return { picture: { pixels, width, height }, depth };
}

/** What is empty in a drawing is the page's white. */
const EMPTY = 255;

const { picture, depth } = photograph();
const surface = surfaceOf(depth, width, height, { unit: "metre" });
const mesh = meshOf(surface, picture, camera);

function turned(degrees: number): Rgb {
  const turn = (degrees * Math.PI) / 180;
  const middle = 1 / surface.middle;
  const onto = blank(600, 400);
  const eye = { at: [Math.sin(turn) * middle, 0, (Math.cos(turn) - 1) * middle] as const, turn };
  draw(onto, mesh.scene, picture, camera, eye);
  if (mesh.behind) draw(onto, mesh.behind, mesh.behind.texture, camera, eye);
  for (let i = 0; i < onto.depth.length; i++)
    if (onto.depth[i] === Number.POSITIVE_INFINITY) onto.pixels.fill(EMPTY, i * 3, i * 3 + 3);
  return onto;
}

/** Pictures of equal height side by side. */
function beside(left: Rgb, right: Rgb): Rgb {
  const both = {
    pixels: new Uint8Array((left.width + right.width) * left.height * 3),
    width: left.width + right.width,
    height: left.height,
  };
  for (let y = 0; y < left.height; y++) {
    both.pixels.set(left.pixels.subarray(y * left.width * 3, (y + 1) * left.width * 3), y * both.width * 3);
    both.pixels.set(
      right.pixels.subarray(y * right.width * 3, (y + 1) * right.width * 3),
      (y * both.width + left.width) * 3,
    );
  }
  return both;
}

async function save(name: string, { pixels, width: w, height: h }: Rgb, side: number): Promise<void> {
  const resize = { width: side, height: Math.round((side * h) / w) };
  const bytes = await encodePicture(
    { pixels, width: w, height: h, channels: 3 },
    { format: "jpeg", quality: 82, resize },
  );
  await Bun.write(join(folder, `depth-${name}.jpg`), bytes);
}

const pair = stereoOf(surface, picture, camera);
await Promise.all([
  save("picture", picture, 600),
  save("mesh", beside(turned(-10), turned(10)), 1200),
  save("normals", normalsOf(surface, camera), 600),
  save("stereo", pair.picture, 1200),
  save("anaglyph", anaglyphOf(pair.picture), 600),
]);
