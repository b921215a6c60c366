/**
 * From pixels to a file that tells how it was made.
 *
 * @module
 */
import type { Operation } from "../capability.ts";
import { publishPicture, usedAdapters } from "../diffusion/result.ts";
import { usedShortcuts } from "../diffusion/shortcuts.ts";
import { type Facts, family, overlap, type Params } from "./params.ts";
import type { DiffusionOutput } from "./phase.ts";
import { ownSettings } from "./settings.ts";

export const publish: Operation<never, Params>["publish"] = (params, given, output, context) => {
  const { settings } = context;
  const { kind, seed, image_file_ids, mask_file_id, adapters, one_colour, batch_guidance } = given as Facts;
  const { image, width, height, unusedKeys, bits, precision, stepsReused } =
    output as unknown as DiffusionOutput;
  const { model, prompt, negative_prompt, steps, guidance, scheduler, format, quality } = params;
  const used = {
    kind,
    model,
    prompt,
    negative_prompt,
    ...("images" in params
      ? { image_file_ids, reference_pixels: ownSettings(settings).qwen_reference_pixels }
      : { init_image_file_id: image_file_ids[0] ?? null, image_strength: params.image_strength }),
    ...("images" in params && mask_file_id !== undefined && { mask_file_id, mask_marks: params.mask_marks }),
    seed,
    width,
    height,
    steps,
    guidance,
    ...usedShortcuts(params, { stepsReused }),
    quantize: bits,
    precision,
    scheduler,
    format,
    quality,
    ...usedAdapters(params, adapters, unusedKeys),
    ...(params.fast !== null && { fast: params.fast }),
    batch_guidance,
    vae_tile: ownSettings(settings).qwen_vae_tile,
    vae_tile_overlap: overlap,
  };
  const made = { family, name: family, image, width, height, model, prompt, format, quality };
  return publishPicture({ ...made, adapters, oneColour: one_colour, used }, context);
};
