/**
 * A mesh as binary glTF: unlit, in metres where the depth is, with the camera that took the picture.
 *
 * @module
 */
import { drainMicrotasks } from "bun:jsc";
import { Document, type Material, type Node, type Scene, WebIO } from "@gltf-transform/core";
import { KHRMaterialsUnlit } from "@gltf-transform/extensions";
import { type Camera, fieldOfView } from "./camera.ts";
import type { MeshLayer } from "./layer.ts";
import type { Mesh } from "./mesh.ts";
import { encodePng } from "./png.ts";

/** What is written beside the mesh. */
export interface GlbFacts {
  camera: Camera;
  unit: "metre" | "relative";
  /** The picture, as JPEG. */
  texture: Uint8Array;
}

export function encodeGlb(mesh: Mesh, { camera, unit, texture }: GlbFacts): Uint8Array {
  const document = new Document();
  document.getRoot().getAsset().generator = "easel";
  document.createBuffer();
  const scene = document.createScene("depth");
  document.getRoot().setDefaultScene(scene);
  const unlit = document.createExtension(KHRMaterialsUnlit);
  const material = (name: string, image: Uint8Array, type: string): Material =>
    document
      .createMaterial(name)
      .setBaseColorTexture(document.createTexture(name).setImage(image).setMimeType(type))
      .setRoughnessFactor(1)
      .setMetallicFactor(0)
      .setDoubleSided(true)
      .setExtension("KHR_materials_unlit", unlit.createUnlit());

  if (mesh.scene.indices.length > 0)
    addLayer(document, scene, "picture", mesh.scene, material("picture", texture, "image/jpeg"));
  if (mesh.behind) {
    const image = encodePng(mesh.behind.texture);
    addLayer(document, scene, "behind", mesh.behind, material("behind", image, "image/png"));
  }
  scene.addChild(cameraNode(document, camera)).setExtras({
    focal_length_px: camera.focal,
    width: camera.width,
    height: camera.height,
    principal_point: [camera.width / 2, camera.height / 2],
    unit,
  });
  return settled(new WebIO().registerExtensions([KHRMaterialsUnlit]).writeBinary(document));
}

function addLayer(
  document: Document,
  scene: Scene,
  name: string,
  { positions, uvs, indices }: MeshLayer,
  material: Material,
): void {
  const buffer = document.getRoot().listBuffers()[0]!;
  const accessor = (type: "VEC3" | "VEC2" | "SCALAR", array: Float32Array | Uint32Array) =>
    document
      .createAccessor()
      .setType(type)
      .setArray(array as Float32Array<ArrayBuffer>)
      .setBuffer(buffer);
  const primitive = document
    .createPrimitive()
    .setAttribute("POSITION", accessor("VEC3", positions))
    .setAttribute("TEXCOORD_0", accessor("VEC2", uvs))
    .setIndices(accessor("SCALAR", indices))
    .setMaterial(material);
  scene.addChild(document.createNode(name).setMesh(document.createMesh(name).addPrimitive(primitive)));
}

/** At the origin, looking along −z: glTF's default. */
function cameraNode(document: Document, { width, height, focal }: Camera): Node {
  const lens = document
    .createCamera("camera")
    .setType("perspective")
    .setYFov((fieldOfView(focal, height) * Math.PI) / 180)
    .setAspectRatio(width / height)
    .setZNear(0.01);
  return document.createNode("camera").setCamera(lens);
}

/** The value of a promise that waits for nothing outside this thread. */
function settled<T>(promise: Promise<T>): T {
  drainMicrotasks();
  const value = Bun.peek(promise);
  if (value instanceof Promise) throw new Error("glTF-Transform waits for something outside this thread");
  return value as T;
}
