/**
 * The image that each tool works on, and more of them where a tool takes several.
 *
 * @module
 */
import { type Signal, signal } from "@preact/signals";
import * as api from "./api.ts";
import { forget, keep, keptImage } from "./kept.ts";
import { rememberName } from "./names.ts";
import { announce, toast } from "./notices.ts";
import { persisted } from "./persisted.ts";
import { type ToolName, toolNames } from "./route.ts";
import { readPicture } from "./small-copy.ts";

/** An image on its way to a job. */
export interface Picture {
  name: string;
  /** An address that the browser can show; undefined for formats that it cannot. */
  url: string | undefined;
  /** The same, or a copy of the screen's size where the image is large. */
  shown: string | undefined;
  width: number | undefined;
  height: number | undefined;
  /** Its id on the server; the upload begins with the first call. */
  id(): Promise<string>;
  /** The same id once it is known. */
  sentAs: string | undefined;
  /** Its bytes, where this page has them: they can be sent again when the server has lost them. */
  blob?: Blob;
  /** Makes the next `id()` send the bytes again. */
  sendAgain?(): void;
}

/** An image of the server's, as it is kept between visits. */
interface Stored {
  id: string;
  name: string;
}

export const inputs: Record<ToolName, Signal<Picture | undefined>> = {
  depth: signal(undefined),
  upscale: signal(undefined),
  generate: signal(undefined),
  edit: signal(undefined),
};
/** The tool that was to run without an image: its drop zone asks for one. */
export const imageMissing = signal<ToolName | undefined>(undefined);
/** More references of an edit. */
export const references = signal<readonly Picture[]>([]);
/** Several images of depth or upscale: one job each. */
export const batch = signal<readonly Picture[]>([]);
/** The image that is still being read: the button waits for it. */
let arriving: Promise<unknown> = Promise.resolve();
export const arrived = () => arriving.catch(() => {});

const lastInputs = persisted<Partial<Record<ToolName, Stored>>>("inputs", {});
/** Object URLs of files that were uploaded from this page: they need no download to be shown. */
const localUrls = new Map<string, string>();
/** The same for copies of the screen's size. */
const localCopies = new Map<string, string>();

/** The address of a stored image, without a download where this page has its bytes. */
export const imageUrl = (fileId: string) => localUrls.get(fileId) ?? api.downloadUrl(fileId);

/** The address of a copy that this page has, of an image that is known to be readable. */
export const copyUrl = (fileId: string) => localCopies.get(fileId);

/** Whether the server reads the format, by a file's first bytes. */
function isServersFormat(head: Uint8Array): boolean {
  const text = String.fromCharCode(...head);
  return /^(\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|II\*\0|MM\0\*|....ftyp(hei|hev|mif|msf|avi))/s.test(text);
}

const readable = "Choose a JPEG, PNG, WebP, GIF, TIFF, HEIC or AVIF file.";

/** Reads an image of this machine. Throws when it is no image that the server could read. */
export async function fromBlob(blob: Blob, name: string): Promise<Picture> {
  if (blob.size === 0) throw new Error(`“${name}” is empty. ${readable}`);
  const head = await blob
    .slice(0, 16)
    .arrayBuffer()
    .catch(() => undefined);
  if (!head) throw new Error(`“${name}” cannot be read. If it is a folder, drop the images in it.`);
  const url = URL.createObjectURL(blob);
  const read = await readPicture(blob);
  // SVG and the like are no bitmaps, but have a size.
  const size = read?.size ?? (await sizeOf(url));
  const known = isServersFormat(new Uint8Array(head));
  if (!size) {
    URL.revokeObjectURL(url);
    if (!known) throw new Error(`“${name}” is not an image. ${readable}`);
  }
  // Drawings and formats that only browsers show go to the server as a PNG.
  else if (!known) return fromBlob(await redrawn(url, size, "image/png"), `${baseOf(name)}.png`);
  let sent: Promise<string> | undefined;
  const shown = read?.copy ? URL.createObjectURL(read.copy) : url;
  const picture: Picture = {
    name,
    url: size && url,
    shown: size && shown,
    width: size?.width,
    height: size?.height,
    blob,
    sentAs: undefined,
    sendAgain() {
      sent = undefined;
    },
    id() {
      sent ??= upload();
      sent.catch(() => {
        sent = undefined;
      });
      return sent;
    },
  };
  return picture;

  async function upload(): Promise<string> {
    const { file_id: id } = await api.upload(blob, name);
    if (size) localUrls.set(id, url);
    if (read) localCopies.set(id, shown);
    rememberName(id, name);
    picture.sentAs = id;
    return id;
  }
}

/** A copy with half the pixels, for what is too large. Throws when the browser cannot show the image. */
export async function smallerCopy({ url, width, height, name }: Picture): Promise<Picture> {
  if (!url || !width || !height)
    throw new Error("This browser cannot read the image's format, so it cannot make it smaller.");
  const shorter = (side: number) => Math.max(1, Math.round(side * Math.SQRT1_2));
  const blob = await redrawn(url, { width: shorter(width), height: shorter(height) }, "image/jpeg");
  return fromBlob(blob, `${baseOf(name)}-smaller.jpg`);
}

const baseOf = (name: string) => name.replace(/\.[^.]*$/, "");

/** The image at an address, drawn in a size and a format. */
async function redrawn(url: string, { width, height }: Size, type: string): Promise<Blob> {
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")!.drawImage(image, 0, 0, width, height);
  return canvas.convertToBlob({ type, quality: 0.95 });
}

/** An image that the server has. */
export async function fromStored(id: string, name: string): Promise<Picture> {
  const url = imageUrl(id);
  const size = await sizeOf(url);
  const shown = size && (copyUrl(id) ?? url);
  const about = { width: size?.width, height: size?.height };
  return { name, url: size && url, shown, ...about, sentAs: id, id: async () => id };
}

interface Size {
  width: number;
  height: number;
}

async function sizeOf(url: string): Promise<Size | undefined> {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
    // A drawing may have no size of its own.
    return { width: image.naturalWidth || 1024, height: image.naturalHeight || 1024 };
  } catch {
    return undefined;
  }
}

/** Makes an image the one that a tool works on. It outlives a reload. */
export function setInput(tool: ToolName, picture: Picture | undefined): void {
  inputs[tool].value = picture;
  const { [tool]: _, ...others } = lastInputs.value;
  lastInputs.value = others;
  if (picture?.blob) void keep(tool, { blob: picture.blob, name: picture.name });
  else void forget(tool);
  if (!picture) return;
  imageMissing.value = undefined;
  if (!picture.blob) void rememberInput(tool, picture);
  announce(`Image: ${picture.name}`);
}

/** Remembers the uploaded image of a tool for the next visit. */
export async function rememberInput(tool: ToolName, picture: Picture): Promise<void> {
  lastInputs.value = { ...lastInputs.value, [tool]: { id: await picture.id(), name: picture.name } };
  void forget(tool);
}

/** Brings back the images of the last visit: those that the server still has, and those that were not sent yet. */
export async function restoreInputs(): Promise<void> {
  for (const tool of toolNames) {
    const stored = lastInputs.value[tool];
    const sent =
      stored &&
      (await api
        .file(stored.id)
        .then(() => fromStored(stored.id, stored.name))
        .catch(() => undefined));
    const kept = sent ? undefined : await keptImage(tool);
    const picture = sent ?? (kept && (await fromBlob(kept.blob, kept.name).catch(() => undefined)));
    if (!inputs[tool].value) inputs[tool].value = picture;
  }
}

const mostReferences = 8;

/** Gives files of this machine to a tool: the first becomes its image; further ones become a batch or references. */
export function takeFiles(tool: ToolName, files: readonly { blob: Blob; name: string }[]): Promise<void> {
  const taken = (async () => {
    const pictures: Picture[] = [];
    for (const { blob, name } of files)
      try {
        pictures.push(await fromBlob(blob, name));
      } catch (error) {
        toast(error instanceof Error ? error.message : String(error));
      }
    const [first, ...others] = pictures;
    if (!first) return;
    if (tool === "edit" && inputs.edit.value && pictures.length > 1) return addReferences(pictures);
    setInput(tool, first);
    if (tool === "edit") addReferences(others);
    else if (others.length > 0 && (tool === "depth" || tool === "upscale")) batch.value = pictures;
    else batch.value = [];
  })();
  arriving = taken;
  return taken;
}

export function addReferences(pictures: readonly Picture[]): void {
  const room = mostReferences - 1 - references.value.length;
  references.value = [...references.value, ...pictures.slice(0, room)];
  if (pictures.length > room) toast(`An edit takes at most ${mostReferences} images.`);
}

/** Asks for files of this machine. */
export function chooseFiles(accept: string, multiple: boolean, capture = false): Promise<File[]> {
  return new Promise((resolve) => {
    const chooser = document.createElement("input");
    chooser.type = "file";
    chooser.accept = accept;
    chooser.multiple = multiple;
    if (capture) chooser.setAttribute("capture", "environment");
    chooser.addEventListener("change", () => resolve([...(chooser.files ?? [])]));
    chooser.addEventListener("cancel", () => resolve([]));
    chooser.click();
  });
}

export async function chooseImages(tool: ToolName, capture = false): Promise<void> {
  const files = await chooseFiles("image/*,.heic,.heif,.avif,.tif,.tiff", !capture, capture);
  if (files.length > 0)
    await takeFiles(
      tool,
      files.map((blob) => ({ blob, name: blob.name })),
    );
}
