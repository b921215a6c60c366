/**
 * Pictures in: whatever a client sends becomes 8-bit RGB, turned upright, or a refusal that says why. The colours are those of sRGB,
 * or the picture's own with the profile that says what they mean.
 *
 * @module
 */
import type { Metadata, Sharp } from "sharp";
import { Refusal } from "../errors.ts";
import { focalLength35mm, focalLengthInPixels } from "./exif.ts";
import { decodeHeic, type Heic, HeicFault, headOf, isHeic } from "./heif/decode.ts";
import { boxesBytes, nclxOf, profileOf } from "./heif/nclx.ts";
import { describesRgb } from "./profile.ts";
import { loadSharp } from "./sharp.ts";
import { plainTiff } from "./tiff.ts";

/** A decoded picture: rows of red, green, blue bytes, already turned upright. */
export interface Picture {
  pixels: Uint8Array<ArrayBuffer>;
  width: number;
  height: number;
  /** Size of the picture in the file, turned upright: larger than `width` and `height` where `within` brought it down. */
  original: { width: number; height: number };
  /** How the file stores its pixels, in Pillow's words: "RGB", "RGBA", "L", "P", "CMYK", … */
  mode: string;
  /** The colour profile (ICC) of the pixels, when they were left as the file has them. Without one they are sRGB. */
  profile?: Uint8Array<ArrayBuffer>;
  /** One byte a pixel, when it was asked for and the file has transparency. */
  alpha?: Uint8Array<ArrayBuffer>;
  /** In pixels of the original size, from the EXIF focal length in 35 mm film, where the file has one. */
  focalLengthPx?: number;
}

export interface Within {
  pixels: number;
  side: number;
  /** Half or a quarter of each side will do where at least half of `pixels` is left: decoders then skip most of their work. */
  halves?: boolean;
}

export interface DecodeOptions {
  /** The name in messages, such as "input image". */
  kind?: string;
  maxPixels: number;
  /** Name of the setting that `maxPixels` comes from, for the message. */
  setting?: string;
  /** Brings a larger picture down to this many pixels and this long side while it is decoded. */
  within?: Within;
  /** Whether transparency is wanted too; the colours come without it either way. */
  alpha?: boolean;
  /** Gives up on a picture whose decoding takes long. */
  signal?: AbortSignal;
  /**
   * `own` leaves the pixels of an RGB picture as they are and gives its profile along: nothing of a wide gamut is lost, as long as
   * the result gets the profile too. Grey and CMYK become sRGB all the same.
   */
  colours?: "srgb" | "own";
}

/** Formats that hold photographs. SVG, PDF and the like are programs that draw; they stay shut. */
const LOADERS = ["Jpeg", "Png", "Webp", "Gif", "NsgifFile", "NsgifBuffer", "Tiff", "Heif"];
let guarded = false;

/** sharp, with every loader shut that is not wanted, and without its cache of open files. */
function openSharp(): ReturnType<typeof loadSharp> {
  const sharp = loadSharp();
  if (!guarded) {
    sharp.cache(false);
    sharp.block({ operation: ["VipsForeignLoad"] });
    sharp.unblock({ operation: LOADERS.map((name) => `VipsForeignLoad${name}`) });
    guarded = true;
  }
  return sharp;
}

/**
 * Decodes a picture from a path or from bytes.
 *
 * Alpha is dropped, the first frame of an animation is taken, 16 bits become 8, and colours are brought to sRGB through the file's
 * own profile (CMYK through a general one where it has none), unless they are to stay as they are.
 */
export async function decodePicture(source: string | Uint8Array, options: DecodeOptions): Promise<Picture> {
  const kind = options.kind ?? "input image";
  const { open, metadata, heic } = await opened(source, options, kind);

  const profile = options.colours === "own" ? ownProfile(metadata) : undefined;
  const stored = uprightSize(metadata);
  const original = heic?.original ?? stored;
  const smaller = options.within && sizeWithin(stored, options.within);
  const upright = open(profile !== undefined).autoOrient();
  const { pixels, info } = await readPixels(
    smaller ? upright.resize({ ...smaller, fit: "fill", kernel: "lanczos3" }) : upright,
    kind,
  );
  // The collector counts no memory of the addon, and much of it is needed for a picture that large.
  if (smaller) Bun.gc(true);

  const alpha = options.alpha && metadata.hasAlpha ? await readAlpha(open(), kind) : undefined;
  const { width, height } = info;
  const exif = heic ? heic.exif : metadata.exif;
  const film = exif === undefined ? undefined : focalLength35mm(exif);
  return {
    pixels,
    width,
    height,
    original,
    mode: heic?.mode ?? pillowMode(metadata),
    ...(profile && { profile }),
    ...(alpha && { alpha }),
    ...(film !== undefined && { focalLengthPx: focalLengthInPixels(film, original.width, original.height) }),
  };
}

export interface MaskOptions extends Pick<DecodeOptions, "maxPixels" | "setting" | "signal"> {
  /** The size that the mask is brought to, whatever its shape. */
  width: number;
  height: number;
  /** Which pixels are marked: the white ones (transparent ones count as black), or the transparent ones. */
  marks: "white" | "transparent";
}

/** Decodes a mask: a byte a pixel, 255 where it is marked and 0 where it is not. */
export async function decodeMask(
  source: string | Uint8Array,
  options: MaskOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { width, height, marks } = options;
  const { open, metadata } = await opened(source, options, "mask");
  if (marks === "transparent" && !metadata.hasAlpha)
    throw new Refusal(
      "invalid_parameter",
      "mask: the picture has no transparency. Make the pixels that shall change transparent",
    );
  const size = uprightSize(metadata);
  const same = size.width === width && size.height === height;
  const upright = open().autoOrient();
  const sized = same ? upright : upright.resize({ width, height, fit: "fill", kernel: "linear" });
  const marked =
    marks === "white"
      ? sized.flatten({ background: "#000" }).toColourspace("b-w").extractChannel(0)
      : sized.toColourspace("srgb").extractChannel("alpha").negate();
  const bytes = await marked
    .raw({ depth: "uchar" })
    .toBuffer()
    .catch((cause: unknown) => {
      throw unreadable("mask", cause);
    });
  if (bytes.length !== width * height) throw unreadable("mask", undefined);
  return new Uint8Array(bytes);
}

/** A picture that may be decoded: of a format that is read, not too large, of samples that say what is white. HEIC is decoded already. */
async function opened(source: string | Uint8Array, options: DecodeOptions, kind: string) {
  const heic = isHeic(await headOf(source)) ? await readHeic(source, options, kind) : undefined;
  const sharp = openSharp();
  const open = (ignoreIcc = false): Sharp =>
    sharp(heic?.tiff ?? source, { failOn: "error", limitInputPixels: false, ignoreIcc });
  const metadata = await open()
    .metadata()
    .catch((cause: unknown) => {
      throw unreadable(kind, cause);
    });
  checkPixels(metadata, options, kind);
  if (metadata.format === "heif" && metadata.compression !== "av1") throw unreadable(kind, undefined);
  if (metadata.format === "tiff") await requireClearSamples(metadata, open, kind);
  if (metadata.format !== "heif" || metadata.icc) return { open, metadata, heic };
  return { heic, ...((await withProfileOfNumbers(source, open, metadata, kind)) ?? { open, metadata }) };
}

/** An AVIF picture whose colours are wider than sRGB and named by numbers, as a TIFF with their profile. libvips ignores the numbers. */
async function withProfileOfNumbers(
  source: string | Uint8Array,
  open: () => Sharp,
  { exif }: Metadata,
  kind: string,
) {
  const profile = profileOf(nclxOf(await headOf(source, boxesBytes)));
  if (!profile) return undefined;
  const { data, info } = await open()
    .autoOrient()
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw unreadable(kind, cause);
    });
  const { width, height, channels } = info;
  if (channels !== 3 && channels !== 4) return undefined;
  const { file, pixels } = plainTiff({ width, height, channels }, profile);
  pixels.set(data);
  const reopen = (ignoreIcc = false): Sharp => openSharp()(file, { limitInputPixels: false, ignoreIcc });
  return { open: reopen, metadata: { ...(await reopen().metadata()), ...(exif && { exif }) } };
}

/**
 * Refuses samples that would become a wrong picture without a word. 8 and 16 bits without a sign have a white, and so has linear light
 * from 0 to 1, which is what programs write as floating-point RGB.
 */
async function requireClearSamples(
  { depth, channels }: Metadata,
  open: () => Sharp,
  kind: string,
): Promise<void> {
  if (depth === "uchar" || depth === "ushort") return;
  const unclear = (samples: string) =>
    new Refusal(
      "unclear_image",
      `${kind} is a TIFF of ${samples}, which do not say what is white: save it with 8 or 16 bits for each sample`,
    );
  if (depth !== "float") throw unclear("signed or 32-bit numbers");
  if (!channels || channels < 3) throw unclear("grey floating-point numbers");
  const { channels: found } = await open()
    .stats()
    .catch((cause: unknown) => {
      throw unreadable(kind, cause);
    });
  // They are truncated: highlights and colors a little outside are clipped. The mean tells of NaN.
  if (!found.every(({ min, max, mean }) => min >= 0 && max <= 1 && Number.isFinite(mean)))
    throw unclear("floating-point numbers beyond 0 to 1");
}

/** Decodes HEIC into a TIFF, which sharp reads. It may come smaller already. */
async function readHeic(source: string | Uint8Array, options: DecodeOptions, kind: string): Promise<Heic> {
  const { maxPixels, within, signal } = options;
  const share = within?.halves ? 0.5 : 1;
  const enough = within && { pixels: within.pixels * share, side: Math.floor(within.side * share) };
  try {
    return await decodeHeic(source, { maxPixels, ...(enough && { enough }), signal });
  } catch (error) {
    if (!(error instanceof HeicFault)) throw error;
    const { fault } = error;
    if (fault.kind === "pixels") requirePixels(fault, options, kind);
    throw unreadable(kind, undefined, heicReasons[fault.kind]);
  }
}

const heicReasons: Readonly<Record<HeicFault["fault"]["kind"], string | undefined>> = {
  pixels: undefined,
  broken: undefined,
  limits: "this HEIC file asks for more memory than a picture needs",
  unsupported: "this HEIC file is coded in a way that is not read: save it as JPEG or PNG",
  time: "decoding this HEIC file takes too long",
};

/** The profile of a picture whose pixels are red, green and blue already. */
function ownProfile({ icc, space }: Metadata): Uint8Array<ArrayBuffer> | undefined {
  const rgb = space === "srgb" || space === "rgb" || space === "rgb16";
  return rgb && icc && describesRgb(icc) ? new Uint8Array(icc) : undefined;
}

async function readPixels(image: Sharp, kind: string) {
  const { data, info } = await image
    .removeAlpha()
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true })
    .catch((cause: unknown) => {
      throw unreadable(kind, cause);
    });
  if (info.channels !== 3) throw unreadable(kind, undefined);
  // A copy: memory that belongs to the addon cannot be moved to another thread.
  return { pixels: new Uint8Array(data), info };
}

async function readAlpha(image: Sharp, kind: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await image
    .autoOrient()
    .toColourspace("srgb")
    .extractChannel("alpha")
    .raw({ depth: "uchar" })
    .toBuffer()
    .catch((cause: unknown) => {
      throw unreadable(kind, cause);
    });
  return new Uint8Array(bytes);
}

/** Width and height of the first frame. An animation reports the height of all its frames as one strip. */
const frameSize = ({ width, height, pageHeight }: Metadata) => ({ width, height: pageHeight ?? height });

function uprightSize(metadata: Metadata): { width: number; height: number } {
  const { width, height } = frameSize(metadata);
  const turned = (metadata.orientation ?? 1) >= 5;
  return turned ? { width: height, height: width } : { width, height };
}

/** The size that a picture is brought down to, or undefined when it is small enough. */
function sizeWithin(
  { width, height }: { width: number; height: number },
  { pixels, side, halves }: Within,
): { width: number; height: number } | undefined {
  const most = Math.min(Math.sqrt(pixels / (width * height)), side / Math.max(width, height));
  if (most >= 1) return undefined;
  const half = 2 ** Math.floor(Math.log2(most));
  const scale = halves && width * height * half ** 2 >= pixels / 2 ? half : most;
  const fit = (length: number) => Math.max(1, Math.floor(length * scale));
  return { width: fit(width), height: fit(height) };
}

/** Refuses a picture that is too large, from its header alone. */
function checkPixels(metadata: Metadata, options: DecodeOptions, kind: string): void {
  const { width, height } = frameSize(metadata);
  if (!width || !height) throw unreadable(kind, undefined);
  requirePixels({ width, height }, options, kind);
}

/** Refuses a picture with more pixels than a setting allows. */
export function requirePixels(
  { width, height }: { width: number; height: number },
  { maxPixels, setting }: Pick<DecodeOptions, "maxPixels" | "setting">,
  kind: string,
): void {
  const pixels = width * height;
  if (pixels > maxPixels) {
    const remedy = setting === undefined ? "" : `. The setting ${setting} changes the cap`;
    throw new Refusal(
      "too_many_pixels",
      `${kind} has ${pixels} pixels, exceeding the cap ${maxPixels}${remedy}`,
    );
  }
}

const reasons: readonly (readonly [said: RegExp, reason: string])[] = [
  [/unsupported image format/i, "it is not a JPEG, PNG, WebP, GIF, TIFF, HEIC or AVIF picture"],
  // libvips' words for samples of more than 32 bits.
  [
    /tiff2vips: (samples out of range|unsupported|.*not supported|.*unimplemented)/i,
    "this kind of TIFF is not read: save it with 8 or 16 bits for each sample",
  ],
];

/** libvips' text may hold the server's path, so only a short reason of ours is passed on. */
function unreadable(kind: string, cause: unknown, known?: string): Refusal {
  const text = cause instanceof Error ? cause.message : "";
  const found = reasons.find(([said]) => said.test(text))?.[1];
  const reason = known ?? found ?? "the file is damaged or cut short";
  return new Refusal("invalid_image", `${kind} could not be opened: ${reason}`);
}

/** Pillow's name of the way a file keeps its pixels; clients of the original read it in `input_mode`. */
function pillowMode(metadata: Metadata): string {
  if (metadata.isPalette) return "P";
  if (metadata.space === "cmyk") return "CMYK";
  if (metadata.channels === 1) {
    if (metadata.bitsPerSample === 1) return "1";
    if (metadata.depth === "ushort") return "I;16";
    return metadata.depth === "float" ? "F" : "L";
  }
  if (metadata.channels === 2) return "LA";
  return metadata.hasAlpha ? "RGBA" : "RGB";
}
