import type { FileRef } from "../../files/file.ts";
import { decodePicture, type Picture } from "../../images/decode.ts";
import type { PrepareContext } from "../capability.ts";
import type { InputFacts } from "./result.ts";

/** The picture behind a reference, and what the result says of it. */
export async function loadInput(
  image: FileRef,
  maxPixels: number,
  context: PrepareContext,
): Promise<{ picture: Picture; facts: InputFacts }> {
  const { path, record } = await context.resolve(image, "image");
  const picture = await decodePicture(path, { kind: "input image", maxPixels });
  return {
    picture,
    facts: {
      image_file_id: record.file_id,
      input_width: picture.width,
      input_height: picture.height,
      input_mode: picture.mode,
    },
  };
}
