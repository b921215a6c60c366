/**
 * What leaves the page: downloads, the clipboard, and sharing on a phone.
 *
 * @module
 */
import { toast } from "../state/notices.ts";

/** Saves bytes under a name. */
export function save(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Formats that the browser writes. */
export const formats = [
  { type: "image/png", ending: "png", title: "PNG" },
  { type: "image/jpeg", ending: "jpg", title: "JPEG" },
  { type: "image/webp", ending: "webp", title: "WebP" },
] as const;

export type Source = HTMLImageElement | HTMLCanvasElement;

/** The image as bytes of a format. */
export function encode(source: Source, type: string): Promise<Blob> {
  const [width, height] =
    source instanceof HTMLImageElement
      ? [source.naturalWidth, source.naturalHeight]
      : [source.width, source.height];
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d")!.drawImage(source, 0, 0);
  return canvas.convertToBlob({ type, quality: 0.93 });
}

export async function copyImage(source: Source): Promise<void> {
  try {
    await navigator.clipboard.write([new ClipboardItem({ "image/png": encode(source, "image/png") })]);
    toast("Copied");
  } catch {
    toast("The browser does not allow copying images here.");
  }
}

/** Phones share; most desktops do not. */
export const canShare = () =>
  typeof navigator.canShare === "function" &&
  navigator.canShare({ files: [new File([], "image.png", { type: "image/png" })] });

export async function share(source: Source, name: string): Promise<void> {
  const blob = await encode(source, "image/png");
  try {
    await navigator.share({ files: [new File([blob], `${name}.png`, { type: blob.type })] });
  } catch (error) {
    if ((error as Error).name !== "AbortError") toast("The browser does not allow sharing here.");
  }
}
