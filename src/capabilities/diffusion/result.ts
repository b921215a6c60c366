/**
 * From pixels to a file that tells how it was made.
 *
 * @module
 */
import type { Values } from "../../engine/task.ts";
import { encodePicture, type PictureFormat, pictureFormats } from "../../images/encode.ts";
import { refuseOneColour } from "../../images/solid-color.ts";
import { version } from "../../version.ts";
import type { PublishContext, Published } from "../capability.ts";
import type { PreviewPayload } from "./phase.ts";
import type { UsedAdapter } from "./prepare.ts";

/** Pixels of a preview's side for each cell of the latents. */
const previewScale = 4;

export async function preview(payload: Values): Promise<Record<string, unknown>> {
  const { pixels, width, height } = payload as PreviewPayload;
  const size = { width: previewScale * width, height: previewScale * height };
  const bytes = await encodePicture(
    { pixels, width, height, channels: 3 },
    { format: "jpeg", quality: 80, resize: size },
  );
  return { image: `data:image/jpeg;base64,${Buffer.from(bytes).toString("base64")}`, ...size };
}

/** What the result says of adapters. */
export const usedAdapters = (
  { loras }: { loras: readonly { scale: number }[] },
  adapters: readonly UsedAdapter[],
  unusedKeys: readonly string[],
) => ({
  loras: loras.map(({ scale }, i) => ({ file: adapters[i]!.file, scale })),
  ...(unusedKeys.length > 0 && { lora_keys_unused: unusedKeys }),
});

export interface Made {
  family: string;
  /** Begins the name of the file. */
  name: string;
  image: Uint8Array;
  width: number;
  height: number;
  model: string;
  prompt: string;
  format: PictureFormat;
  quality: number;
  adapters: readonly UsedAdapter[];
  /** Whether an input was of one colour, so that the result may be, too. */
  oneColour: boolean;
  /** `params` of the result: the values that the run used. */
  used: Record<string, unknown> & { loras: readonly { scale: number }[] };
}

export async function publishPicture(made: Made, { settings, seconds }: PublishContext): Promise<Published> {
  const { family, name, image, width, height, model, prompt, format, quality, adapters, used } = made;
  if (!made.oneColour) refuseOneColour({ data: image, channels: 3 });
  const body = {
    model,
    prompt,
    params: used,
    width,
    height,
    timings: { total_s: Number(seconds.toFixed(2)) },
  };
  const { extension, contentType } = pictureFormats[format];
  const loras = used.loras.map(({ scale }, i) => ({ sha256: adapters[i]!.sha256, scale }));
  const about = { family, easel: version, ...used, loras };
  const bytes = await encodePicture(
    { pixels: image, width, height, channels: 3 },
    { format, quality, ...(settings.embed_metadata && { description: JSON.stringify(about) }) },
  );
  return {
    artifacts: [
      {
        bytes,
        filename: `${name}_${Math.floor(Date.now() / 1000)}.${extension}`,
        content_type: contentType,
        meta: body,
      },
    ],
    result: ([file]) => ({ file_id: file!.file_id, image_bytes: file!.size, ...body }),
  };
}
