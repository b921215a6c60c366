/**
 * Edits of which a mask says what is repainted.
 *
 * @module
 */
import { z } from "@hono/zod-openapi";
import { Refusal } from "../../errors.ts";
import type { FileRef } from "../../files/file.ts";
import { decodeMask } from "../../images/decode.ts";
import type { PrepareContext } from "../capability.ts";
import type { VerbOption } from "../family.ts";
import { FileBesideAdapters } from "../schemas.ts";
import type { Limits } from "./limits.ts";

export const maskFields = {
  mask: FileBesideAdapters.nullish().openapi({
    description:
      "What of the first picture is repainted: white is, black stays, grey is mixed, transparent pixels count as black. It is brought to " +
      "the size of the result: without `width` and `height` the first picture's, in multiples of 16 and at most the default size's pixels; " +
      "with one of them the other follows from the first picture's shape.",
  }),
  mask_marks: z.enum(["white", "transparent"]).default("white").openapi({
    description:
      "Which pixels of `mask` are repainted: the `white` ones, or the `transparent` ones as in OpenAI's API.",
  }),
};

export type MaskParams = {
  mask: FileRef | null;
  mask_marks: "white" | "transparent";
  /** Whether the result has the size of the first picture. */
  own_size: boolean;
  /** The only side that the request named: the other one follows from the first picture's shape. */
  named_side: "width" | "height" | null;
};

/**
 * What a job keeps of a request's mask.
 *
 * @throws {Refusal} `invalid_parameter`
 */
export function maskOf(request: {
  mask?: FileRef | null | undefined;
  mask_marks: "white" | "transparent";
  width?: number | null | undefined;
  height?: number | null | undefined;
}): MaskParams {
  const mask = request.mask ?? null;
  if (mask === null && request.mask_marks === "transparent")
    throw new Refusal(
      "invalid_parameter",
      "mask_marks says how mask is read, and there is no mask: add mask, or leave mask_marks out",
    );
  const named = (["width", "height"] as const).filter((side) => request[side] != null);
  return {
    mask,
    mask_marks: request.mask_marks,
    own_size: mask !== null && named.length === 0,
    named_side: mask !== null && named.length === 1 ? named[0]! : null,
  };
}

interface Size {
  width: number;
  height: number;
}

const multiple = 16;

/** A picture's size in multiples of 16, brought down to the pixels of the default size and to the largest sides. */
export function ownSize(picture: Size, usual: Size, { widest, highest }: Limits): Size {
  const { width, height } = picture;
  const area = Math.sqrt((usual.width * usual.height) / (width * height));
  const scale = Math.min(1, area, widest / width, highest / height);
  const side = (pixels: number) => Math.max(multiple, Math.floor((pixels * scale) / multiple) * multiple);
  return { width: side(width), height: side(height) };
}

/**
 * A picture's shape at a width or a height, in multiples of 16.
 *
 * @throws {Refusal} Where the other side would be longer than the largest.
 */
function sizeBySide(
  picture: Size,
  side: "width" | "height",
  pixels: number,
  { widest, highest }: Limits,
): Size {
  const other = side === "width" ? "height" : "width";
  const exact = (pixels * picture[other]) / picture[side];
  const size = { [side]: pixels, [other]: Math.max(multiple, Math.round(exact / multiple) * multiple) };
  const { width, height } = size as unknown as Size;
  if (width > widest || height > highest)
    throw new Refusal(
      "invalid_parameter",
      `${side}: with the first picture's shape the result would be ${width}x${height}, and it may be at most ${widest}x${highest}; ` +
        `name a smaller ${side}, or both sides`,
    );
  return { width, height };
}

/** The size of the result: the request's, or one in the first picture's shape. */
export function resultSize(
  { own_size, named_side, width, height }: Size & Partial<Pick<MaskParams, "own_size" | "named_side">>,
  first: Size | undefined,
  limits: Limits,
): Size {
  if (first && own_size) return ownSize(first, { width, height }, limits);
  if (first && named_side) return sizeBySide(first, named_side, { width, height }[named_side], limits);
  return { width, height };
}

/** Fetches and decodes a mask, as bytes of the result's size. */
export async function maskBytes(
  { mask, mask_marks }: MaskParams,
  { width, height }: Size,
  context: PrepareContext,
): Promise<{ mask?: Uint8Array<ArrayBuffer>; mask_file_id?: string }> {
  if (!mask) return {};
  const { path, record } = await context.resolve(mask, "mask");
  const bytes = await decodeMask(path, {
    maxPixels: context.settings.max_input_pixels,
    setting: "max_input_pixels",
    signal: context.signal,
    width,
    height,
    marks: mask_marks,
  });
  if (!bytes.some((value) => value > 0))
    throw new Refusal(
      "invalid_parameter",
      `mask: no pixel of it is ${mask_marks}, so nothing would be repainted`,
    );
  return { mask: bytes, mask_file_id: record.file_id };
}

export const maskOptions: readonly VerbOption[] = [
  {
    name: "mask",
    kind: "picture",
    value: "<path>",
    help: "repaint the first picture where this one is white, keep the rest",
  },
  {
    name: "mask_marks",
    kind: "text",
    value: "<which>",
    help: "which pixels of the mask are repainted: white (the default) or transparent",
  },
];
