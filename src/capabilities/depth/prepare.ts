import type { FileRef } from "../../files/file.ts";
import { decodePicture, type Picture } from "../../images/decode.ts";
import type { PrepareContext } from "../capability.ts";
import type { InputFacts } from "./result.ts";

/** Pixels and long side that a network has use for. A larger picture is brought down to them while it is decoded. */
const useful = { pixels: 2 ** 24, side: 2 ** 14, halves: true };

/** How many pixels a picture may have, and the setting that says so. */
export interface PixelCap {
  maxPixels: number;
  setting: string;
}

/** The picture behind a reference, with its facts for the result. */
export async function loadInput(
  image: FileRef,
  cap: PixelCap,
  context: PrepareContext,
): Promise<{ picture: Picture; facts: InputFacts }> {
  const { path, record } = await context.resolve(image, "image");
  const { signal } = context;
  const picture = await decodePicture(path, { kind: "input image", ...cap, within: useful, signal });
  const { original, mode } = picture;
  return {
    picture,
    facts: {
      image_file_id: record.file_id,
      input_width: original.width,
      input_height: original.height,
      input_mode: mode,
    },
  };
}
