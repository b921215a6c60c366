/**
 * A picture and its depth as a body in space. A chunk of its own: three.js comes with it.
 *
 * @module
 */
import {
  BufferAttribute,
  BufferGeometry,
  Group,
  LinearSRGBColorSpace,
  Mesh,
  MeshBasicMaterial,
  PerspectiveCamera,
  Points,
  PointsMaterial,
  Scene,
  Texture,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import type { DepthData } from "./data.ts";
import { type Grid, positionsOf, surfaceOf } from "./mesh.ts";
import { record } from "./record.ts";

export type Drawing = "mesh" | "points" | "wire";

export interface DepthScene {
  canvas: HTMLCanvasElement;
  triangles: number;
  setDrawing(drawing: Drawing): void;
  /** 1 is as measured. */
  setStrength(factor: number): void;
  setPointSize(factor: number): void;
  reset(): void;
  glb(): Promise<Blob>;
  ply(): Blob;
  /** A short film of the view swaying. */
  film(): Promise<Blob>;
  dispose(): void;
}

const degree = Math.PI / 180;
const widest = 25 * degree;
const highest = 15 * degree;
const keyTurn = 3 * degree;

export function createScene(data: DepthData, picture: CanvasImageSource, holder: HTMLElement): DepthScene {
  const surface = surfaceOf(data);
  const { middle } = surface;
  const renderer = new WebGLRenderer({ antialias: true, alpha: true, preserveDrawingBuffer: true });
  renderer.outputColorSpace = LinearSRGBColorSpace;
  renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
  const canvas = renderer.domElement;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");

  const texture = new Texture(picture as HTMLCanvasElement);
  texture.needsUpdate = true;
  texture.anisotropy = 4;
  const material = new MeshBasicMaterial({ map: texture });
  const wire = new MeshBasicMaterial({ map: texture, wireframe: true });
  const dots = new PointsMaterial({ map: null, vertexColors: true, size: 2, sizeAttenuation: false });
  const front = geometryOf(surface.front, middle);
  const back = geometryOf(surface.back, middle);
  front.setAttribute("color", coloursOf(surface.front, picture));
  const frontMesh = new Mesh(front, material);
  const backMesh = new Mesh(back, material);
  const cloud = new Points(front, dots);
  cloud.visible = false;
  const body = new Group();
  body.add(backMesh, frontMesh, cloud);
  const scene = new Scene();
  scene.add(body);
  const triangles = (surface.front.triangles.length + surface.back.triangles.length) / 3;
  canvas.setAttribute(
    "aria-label",
    `3-D view with ${triangles} triangles. Arrow keys turn it, plus and minus change the distance.`,
  );

  const camera = new PerspectiveCamera(surface.fieldOfView, 1, middle / 200, middle * 60);
  const controls = new OrbitControls(camera, canvas);
  controls.enableDamping = true;
  controls.enablePan = false;
  controls.minAzimuthAngle = -widest;
  controls.maxAzimuthAngle = widest;
  controls.minPolarAngle = Math.PI / 2 - highest;
  controls.maxPolarAngle = Math.PI / 2 + highest;
  controls.minDistance = middle * 0.45;
  controls.maxDistance = middle * 1.6;
  controls.target.set(0, 0, -middle);
  // One finger scrolls the page; two turn the view.
  canvas.style.touchAction = "pan-y";

  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let swaying = !still;
  let begun = performance.now();
  const stop = () => {
    swaying = false;
  };
  const reset = () => {
    camera.position.set(0, 0, 0);
    controls.update();
    begun = performance.now();
    swaying = !still;
  };
  reset();
  /** Away from the picture's own camera by a gentle turn. */
  const sway = (seconds: number) => {
    const strength = Math.min(seconds / 1.5, 1);
    const angle = Math.sin(seconds * 0.9) * 11 * degree * strength;
    const rise = Math.sin(seconds * 0.6) * 4 * degree * strength;
    camera.position.set(
      Math.sin(angle) * Math.cos(rise) * middle,
      Math.sin(rise) * middle,
      -middle + Math.cos(angle) * Math.cos(rise) * middle,
    );
  };

  const orbit = (around: number, over: number, zoom: number) => {
    const away = new Vector3().subVectors(camera.position, controls.target);
    const distance = Math.min(Math.max(away.length() * zoom, controls.minDistance), controls.maxDistance);
    const azimuth = Math.min(Math.max(Math.atan2(away.x, away.z) + around, -widest), widest);
    const elevation = Math.min(Math.max(Math.asin(away.y / away.length()) + over, -highest), highest);
    camera.position.set(
      Math.sin(azimuth) * Math.cos(elevation) * distance,
      Math.sin(elevation) * distance,
      -middle + Math.cos(azimuth) * Math.cos(elevation) * distance,
    );
  };
  const keyDown = (event: KeyboardEvent) => {
    const turns: Record<string, [number, number, number]> = {
      ArrowLeft: [-keyTurn, 0, 1],
      ArrowRight: [keyTurn, 0, 1],
      ArrowUp: [0, keyTurn, 1],
      ArrowDown: [0, -keyTurn, 1],
      "+": [0, 0, 0.92],
      "=": [0, 0, 0.92],
      "-": [0, 0, 1 / 0.92],
    };
    const turn = turns[event.key];
    if (!turn || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    stop();
    orbit(...turn);
  };
  canvas.addEventListener("pointerdown", stop);
  canvas.addEventListener("wheel", stop);
  canvas.addEventListener("keydown", keyDown);

  // Draws only what has changed: a still view costs nothing.
  let changed = true;
  const draw = () => {
    changed = true;
  };

  const fit = () => {
    const { clientWidth: width, clientHeight: height } = holder;
    if (width === 0 || height === 0) return;
    renderer.setSize(width, height, false);
    camera.aspect = width / height;
    // The whole picture stays in sight, whichever side is the narrow one.
    const half = Math.tan((surface.fieldOfView * degree) / 2);
    const wide = (2 * Math.atan((half * surface.aspect) / camera.aspect)) / degree;
    camera.fov = Math.max(surface.fieldOfView, wide);
    camera.updateProjectionMatrix();
    draw();
  };
  const observer = new ResizeObserver(fit);
  observer.observe(holder);
  controls.addEventListener("change", draw);
  renderer.setAnimationLoop((now) => {
    if (!canvas.isConnected) return;
    if (swaying) sway((now - begun) / 1000);
    controls.update();
    if (!changed && !swaying) return;
    changed = false;
    renderer.render(scene, camera);
  });

  return {
    canvas,
    triangles,
    setDrawing(drawing) {
      cloud.visible = drawing === "points";
      frontMesh.visible = drawing !== "points";
      backMesh.visible = drawing === "mesh";
      frontMesh.material = drawing === "wire" ? wire : material;
      draw();
    },
    setStrength(factor) {
      move(front, surface.front, middle, factor);
      move(back, surface.back, middle, factor);
      draw();
    },
    setPointSize(factor) {
      dots.size = 2 * factor;
      draw();
    },
    reset,
    async glb() {
      const { GLTFExporter } = await import("three/addons/exporters/GLTFExporter.js");
      const bytes = await new GLTFExporter().parseAsync([backMesh, frontMesh], { binary: true });
      return new Blob([bytes as ArrayBuffer], { type: "model/gltf-binary" });
    },
    ply: () => plyOf(front),
    film() {
      swaying = true;
      begun = performance.now();
      return record(canvas).finally(() => {
        swaying = !still;
      });
    },
    dispose() {
      observer.disconnect();
      renderer.setAnimationLoop(null);
      controls.dispose();
      for (const part of [front, back, material, wire, dots, texture]) part.dispose();
      renderer.dispose();
    },
  };
}

function geometryOf(grid: Grid, middle: number): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(positionsOf(grid, middle, 1), 3));
  geometry.setAttribute("uv", new BufferAttribute(grid.uv, 2));
  geometry.setIndex(new BufferAttribute(grid.triangles, 1));
  return geometry;
}

function move(geometry: BufferGeometry, grid: Grid, middle: number, strength: number): void {
  const position = geometry.getAttribute("position") as BufferAttribute;
  position.array.set(positionsOf(grid, middle, strength));
  position.needsUpdate = true;
}

/** The picture's colour at every point of the grid. */
function coloursOf({ columns, rows }: Grid, picture: CanvasImageSource): BufferAttribute {
  const context = new OffscreenCanvas(columns, rows).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(picture, 0, 0, columns, rows);
  const { data } = context.getImageData(0, 0, columns, rows);
  const colours = new Uint8Array(columns * rows * 3);
  for (let i = 0, o = 0; i < data.length; i += 4) {
    colours[o++] = data[i]!;
    colours[o++] = data[i + 1]!;
    colours[o++] = data[i + 2]!;
  }
  return new BufferAttribute(colours, 3, true);
}

function plyOf(geometry: BufferGeometry): Blob {
  const positions = geometry.getAttribute("position").array;
  const colours = geometry.getAttribute("color").array;
  const count = positions.length / 3;
  const header = [
    "ply",
    "format binary_little_endian 1.0",
    `element vertex ${count}`,
    ..."x y z".split(" ").map((axis) => `property float ${axis}`),
    ..."red green blue".split(" ").map((colour) => `property uchar ${colour}`),
    "end_header\n",
  ].join("\n");
  const body = new DataView(new ArrayBuffer(count * 15));
  for (let i = 0; i < count; i++)
    for (let axis = 0; axis < 3; axis++) {
      body.setFloat32(i * 15 + axis * 4, positions[i * 3 + axis]!, true);
      body.setUint8(i * 15 + 12 + axis, colours[i * 3 + axis]!);
    }
  return new Blob([header, body], { type: "application/octet-stream" });
}
