/**
 * Copies of photographs for the screen: the browser shows a small picture in a fraction of the time of a large one.
 *
 * @module
 */

/** Pixels up to which a picture is shown as it is, and the long side of a copy. */
const largePixels = 4e6;
const longestSide = 1600;

export interface Size {
  width: number;
  height: number;
}

/** The size of a picture, upright, and a copy where it is large. Undefined for formats that the browser does not read. */
export async function readPicture(blob: Blob): Promise<{ size: Size; copy?: Blob } | undefined> {
  const bitmap = await createImageBitmap(blob).catch(() => undefined);
  if (!bitmap) return undefined;
  try {
    const { width, height } = bitmap;
    const size = { width, height };
    if (width * height <= largePixels) return { size };
    return { size, copy: await smaller(bitmap, longestSide / Math.max(width, height), blob.type) };
  } finally {
    bitmap.close();
  }
}

async function smaller(bitmap: ImageBitmap, scale: number, type: string): Promise<Blob> {
  const fit = (length: number) => Math.max(1, Math.round(length * scale));
  const canvas = new OffscreenCanvas(fit(bitmap.width), fit(bitmap.height));
  // On the processor: a graphics card would have to take all of the picture first.
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.imageSmoothingQuality = "medium";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  // JPEG has no transparency.
  return canvas.convertToBlob({ type: type === "image/jpeg" ? type : "image/webp", quality: 0.9 });
}
