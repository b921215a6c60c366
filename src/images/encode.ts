/**
 * Pictures out: PNG with 8 or 16 bits, JPEG, WebP. Everything runs on libvips' own threads.
 *
 * @module
 */
import type { Sharp } from "sharp";
import { withText } from "./png.ts";
import { withProfile } from "./profile.ts";
import { loadSharp } from "./sharp.ts";

/** Rows of grey or RGB values. 16-bit values are for PNG alone. */
export interface Raster {
  pixels: Uint8Array | Uint16Array;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
}

export type PictureFormat = "png" | "jpeg" | "webp";

export const pictureFormats: Readonly<Record<PictureFormat, { extension: string; contentType: string }>> = {
  png: { extension: "png", contentType: "image/png" },
  jpeg: { extension: "jpg", contentType: "image/jpeg" },
  webp: { extension: "webp", contentType: "image/webp" },
};

export interface EncodeOptions {
  format: PictureFormat;
  /** From 1 to 100, for JPEG and WebP. */
  quality?: number;
  /** Rows of a PNG are stored as differences: smaller and faster where colours change slowly. */
  smooth?: boolean;
  /** Exact size of the result; 8-bit and 16-bit values are resampled linearly. */
  resize?: { width: number; height: number };
  /** Keyword and text pairs, kept as the PNG's text chunks. */
  text?: Readonly<Record<string, string>>;
  /** The colour profile (ICC) that the numbers are meant in, instead of sRGB. */
  profile?: Uint8Array;
  /** Description of the picture, for EXIF and for a PNG's text chunk "parameters". */
  description?: string;
}

/** Of zlib. Differences of smooth colours hardly shrink more at higher ones, which take twice as long. */
const SMOOTH_LEVEL = 2;

export async function encodePicture(raster: Raster, options: EncodeOptions): Promise<Uint8Array> {
  const { pixels, width, height, channels } = raster;
  const sharp = loadSharp();
  let image: Sharp = sharp(pixels, { raw: { width, height, channels }, limitInputPixels: false });
  if (options.resize) image = image.resize({ ...options.resize, fit: "fill", kernel: "linear" });
  // Without this, libvips stores grey as three equal channels and 16 bits as 8.
  const wide = pixels instanceof Uint16Array;
  image = image.toColourspace(channels === 1 ? (wide ? "grey16" : "b-w") : wide ? "rgb16" : "srgb");
  const { quality = 90, format, description, profile, smooth } = options;
  if (description !== undefined) image = image.withExif({ IFD0: { ImageDescription: description } });
  const plain = await {
    png: () => image.png(smooth ? { adaptiveFiltering: true, compressionLevel: SMOOTH_LEVEL } : {}),
    jpeg: () => image.jpeg({ quality }),
    webp: () => image.webp({ quality }),
  }
    [format]()
    .toBuffer();
  const bytes = profile ? await withProfile(plain, format, profile) : plain;
  const text = { ...options.text, ...(description !== undefined && { parameters: description }) };
  return format === "png" && Object.keys(text).length > 0 ? withText(bytes, text) : bytes;
}
