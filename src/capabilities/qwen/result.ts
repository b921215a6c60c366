/**
 * From pixels to a file that tells how it was made.
 *
 * @module
 */
import type { Values } from "../../engine/task.ts";
import { encodePicture, pictureFormats } from "../../images/encode.ts";
import { refuseOneColour } from "../../images/solid-color.ts";
import { version } from "../../version.ts";
import type { Operation } from "../capability.ts";
import { batched, type Facts, family, overlap, type Params } from "./params.ts";
import type { DiffusionOutput, PreviewPayload } from "./phase.ts";
import { ownSettings } from "./settings.ts";

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

export const publish: Operation<never, Params>["publish"] = async (
  params,
  given,
  output,
  { settings, seconds },
) => {
  const { kind, seed, image_file_ids, adapters, one_colour } = given as Facts;
  const { image, width, height, unusedKeys, bits } = output as unknown as DiffusionOutput;
  const raster = { data: image, channels: 3 };
  if (!one_colour) refuseOneColour(raster);
  const { model, prompt, negative_prompt, steps, guidance, scheduler, format, quality } = params;
  const used = {
    kind,
    model,
    prompt,
    negative_prompt,
    ...("images" in params
      ? { image_file_ids, reference_pixels: ownSettings(settings).qwen_reference_pixels }
      : { init_image_file_id: image_file_ids[0] ?? null, image_strength: params.image_strength }),
    seed,
    width,
    height,
    steps,
    guidance,
    quantize: bits,
    scheduler,
    format,
    quality,
    loras: params.loras.map(({ scale }, i) => ({ file: adapters[i]!.file, scale })),
    ...(unusedKeys.length > 0 && { lora_keys_unused: unusedKeys }),
    ...("fast" in params && params.fast !== null && { fast: params.fast }),
    batch_guidance: batched(params, settings),
    vae_tile: ownSettings(settings).qwen_vae_tile,
    vae_tile_overlap: overlap,
  };
  const body = {
    model,
    prompt,
    params: used,
    width,
    height,
    timings: { total_s: Number(seconds.toFixed(2)) },
  };
  const { extension, contentType } = pictureFormats[format];
  const about = {
    family,
    easel: version,
    ...used,
    loras: used.loras.map(({ scale }, i) => ({ sha256: adapters[i]!.sha256, scale })),
  };
  const bytes = await encodePicture(
    { pixels: image, width, height, channels: 3 },
    { format, quality, ...(settings.embed_metadata && { description: JSON.stringify(about) }) },
  );
  return {
    artifacts: [
      {
        bytes,
        filename: `${family}_${Math.floor(Date.now() / 1000)}.${extension}`,
        content_type: contentType,
        meta: body,
      },
    ],
    result: ([file]) => ({ file_id: file!.file_id, image_bytes: file!.size, ...body }),
  };
};
