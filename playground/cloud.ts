/**
 * A picture and its depth as points in space. Loaded only when somebody wants to see that: three.js comes with it.
 *
 * @module
 */
import {
  BufferAttribute,
  BufferGeometry,
  LinearSRGBColorSpace,
  PerspectiveCamera,
  Points,
  PointsMaterial,
  Scene,
  Vector3,
  WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";
import type { DepthData } from "./depth-view.ts";
import { el, on } from "./dom.ts";
import { type Picture, type PointSet, pointsOf } from "./points.ts";

export interface Cloud {
  element: HTMLElement;
  /** Depth is drawn out or pressed together by this factor. */
  setRelief(factor: number): void;
  /** Size of the dots, 1 where they just touch. */
  setDots(factor: number): void;
  reset(): void;
  /** The points as a PLY file. */
  ply(): Blob;
  dispose(): void;
}

/** Radians that a key turns the view by, and how much nearer it brings it. */
const keyTurn = Math.PI / 36;
const keyZoom = 0.9;

export function createCloud(data: DepthData, picture: Picture): Cloud {
  const set = pointsOf(data, picture);
  // The buffer stays, so that the browser's own menu can save the view as a picture.
  const renderer = new WebGLRenderer({ antialias: true, alpha: true, preserveDrawingBuffer: true });
  renderer.setPixelRatio(Math.min(devicePixelRatio, 2));
  const canvas = renderer.domElement;
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute(
    "aria-label",
    `Point cloud of ${set.count} points. Arrow keys turn it, plus and minus bring it nearer.`,
  );
  const element = el("div", { class: "cloud", "data-points": set.count }, canvas);

  const geometry = new BufferGeometry();
  geometry.setAttribute("position", new BufferAttribute(set.positions, 3));
  geometry.setAttribute("color", new BufferAttribute(set.colors, 3, true));
  const material = new PointsMaterial({ vertexColors: true, size: set.spacing, sizeAttenuation: true });
  // Neighbours stand the farther apart the farther they are from the camera that took the picture.
  material.onBeforeCompile = (shader) => {
    shader.vertexShader = shader.vertexShader.replace(
      "gl_PointSize = size;",
      "gl_PointSize = size * max(-position.z, 0.0);",
    );
  };
  const points = new Points(geometry, material);
  const scene = new Scene();
  scene.add(points);
  // The picture's own values, as they are.
  renderer.outputColorSpace = LinearSRGBColorSpace;

  const camera = new PerspectiveCamera(set.fieldOfView, 1, set.middle / 200, set.middle * 60);
  const controls = new OrbitControls(camera, canvas);
  controls.enableDamping = true;
  controls.dampingFactor = 0.12;
  // A gentle turn shows at once that it is a room; whoever touches it has it for themselves.
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  let swaying = !still;
  let begun = performance.now();

  const reset = () => {
    camera.position.set(0, 0, 0);
    controls.target.set(0, 0, -set.middle);
    camera.position.set(0, 0, set.middle * 0.12);
    controls.update();
  };
  reset();
  const stop = () => {
    swaying = false;
  };
  on(canvas, { pointerdown: stop, wheel: stop });
  on(canvas, {
    keydown: (event) => {
      const turns: Record<string, [number, number]> = {
        ArrowLeft: [-keyTurn, 0],
        ArrowRight: [keyTurn, 0],
        ArrowUp: [0, -keyTurn],
        ArrowDown: [0, keyTurn],
      };
      const turn = turns[event.key];
      const zoom = { "+": keyZoom, "=": keyZoom, "-": 1 / keyZoom }[event.key];
      if (!turn && !zoom) return;
      event.preventDefault();
      stop();
      orbit(camera, controls.target, turn ?? [0, 0], zoom ?? 1);
    },
  });

  const fit = () => {
    const { clientWidth: width, clientHeight: height } = element;
    if (width === 0 || height === 0) return;
    renderer.setSize(width, height, false);
    camera.aspect = width / height;
    // The whole picture stays in sight, whichever side is the narrow one.
    const wide = (2 * Math.atan(Math.tan((set.fieldOfView * Math.PI) / 360) * set.aspect)) / camera.aspect;
    camera.fov = Math.max(set.fieldOfView, (wide * 180) / Math.PI) * 1.02;
    camera.updateProjectionMatrix();
  };
  const observer = new ResizeObserver(fit);
  observer.observe(element);
  renderer.setAnimationLoop((now) => {
    if (!element.isConnected) return;
    if (swaying) {
      const phase = (now - begun) / 1000;
      const angle = Math.sin(phase * 0.7) * 0.16;
      const away = set.middle * 1.12;
      camera.position.set(
        Math.sin(angle) * away,
        Math.sin(phase * 0.43) * 0.05 * away,
        -set.middle + Math.cos(angle) * away,
      );
    }
    controls.update();
    renderer.render(scene, camera);
  });

  return {
    element,
    setRelief(factor) {
      points.scale.z = factor;
      points.position.z = (factor - 1) * set.middle;
    },
    setDots(factor) {
      material.size = set.spacing * factor;
    },
    reset() {
      reset();
      points.scale.z = 1;
      points.position.z = 0;
      material.size = set.spacing;
      begun = performance.now();
      swaying = !still;
    },
    ply: () => plyOf(set),
    dispose() {
      observer.disconnect();
      renderer.setAnimationLoop(null);
      controls.dispose();
      geometry.dispose();
      material.dispose();
      renderer.dispose();
    },
  };
}

/** Turns the camera about the target, and brings it nearer. */
function orbit(
  camera: PerspectiveCamera,
  target: Vector3,
  [around, over]: [number, number],
  zoom: number,
): void {
  const away = new Vector3().subVectors(camera.position, target);
  const right = new Vector3().crossVectors(camera.up, away).normalize();
  away.applyAxisAngle(camera.up, around).applyAxisAngle(right, over).multiplyScalar(zoom);
  camera.position.addVectors(target, away);
}

function plyOf({ positions, colors, count }: PointSet): Blob {
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
      body.setUint8(i * 15 + 12 + axis, colors[i * 3 + axis]!);
    }
  return new Blob([header, body], { type: "application/octet-stream" });
}
