import type { Need } from "../../engine/need.ts";
import type { FileRef } from "../../files/file.ts";
import { decodePicture } from "../../images/decode.ts";
import { encodePicture, type PictureFormat, pictureFormats } from "../../images/encode.ts";
import { isOneColour, refuseOneColour } from "../../images/solid-color.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Capability, CheckContext, Operation } from "../capability.ts";
import { chooseBits, chooseVariant, findVariant, requireActivated } from "../model.ts";
import { fixedSeed } from "../schemas.ts";
import { ImageResponse, prose, UpscaleRequest } from "./contract.ts";
import type { UpscaleInput, UpscaleOutput } from "./phase.ts";
import { resultSize } from "./result-size.ts";
import { ownSettings, type UpscaleSettings } from "./settings.ts";
import { checkResultSize, readResolution } from "./sizing.ts";
import { type Extent, models, type UpscaleVariant, variants } from "./variants.ts";

const { family } = models;
const overlap = 64;

type UpscaleParams = {
  image: FileRef;
  resolution: number | string;
  softness: number;
  color_fix: UpscaleSettings["seedvr2_color_fix"];
  tile: number;
  seed: number | null;
  quantize: number | null;
  format: PictureFormat;
  quality: number;
  model: string;
  mode: string;
  /** Fields that the request gave and the model does not use. */
  unused?: readonly string[];
};

type Facts = {
  image_file_id: string;
  input_width: number;
  input_height: number;
  seed: number;
  one_colour: boolean;
  profile: Uint8Array | undefined;
};

const limits = (settings: Settings) => ({
  minResolution: ownSettings(settings).seedvr2_min_resolution,
  maxResolution: ownSettings(settings).seedvr2_max_resolution,
  maxScale: ownSettings(settings).seedvr2_max_scale,
});

/** A result as people ask for it, to plan with. */
const usualPixels = 2048 * 1536;

/** Least pixels of a result, before the input is known. */
const leastPixels = (resolution: number | string, settings: Settings) => {
  const target = readResolution(resolution, limits(settings));
  return "pixels" in target ? target.pixels ** 2 : ownSettings(settings).seedvr2_min_resolution ** 2;
};

interface Request {
  model: string;
  quantize: number | null;
  tile: number;
}

/** The variant that a job's parameters name; it was checked when the job was made. */
const variantOf = (name: string) => findVariant(variants, name) as UpscaleVariant;

function needOf({ model, quantize, tile }: Request, context: CheckContext, size: Omit<Extent, "tile">): Need {
  const variant = variantOf(model);
  const { bits, transient } = chooseBits(quantize, ownSettings(context.settings).seedvr2_default_quantize);
  const activation = context.activation(family, variant.name);
  const paths = "source" in activation ? activation.source.paths : [];
  return {
    variant: variant.name,
    bits,
    phases: variant.phases(bits, { ...size, tile }, paths),
    options: {},
    transient,
    smaller: variant.smaller(bits),
  };
}

export const upscale: Operation<UpscaleRequest, UpscaleParams> = {
  type: family,
  path: "/upscale",
  operationId: "upscale_seedvr2_endpoint_v1_image_seedvr2_upscale_post",
  ...prose.upscale,
  request: UpscaleRequest,
  result: ImageResponse,
  jobComponent: "JobImageResponse",
  artifactTypes: ["image/png", "image/jpeg", "image/webp"],

  check(request, context) {
    const { settings } = context;
    const variant = chooseVariant(models, request.model, context);
    chooseBits(request.quantize, ownSettings(settings).seedvr2_default_quantize);
    const resolution = request.resolution ?? ownSettings(settings).seedvr2_default_resolution;
    readResolution(resolution, limits(settings));
    requireActivated(family, variant, context);
    const unused = variantOf(variant.name).ignores?.filter((field) => request[field] != null) ?? [];
    return {
      image: request.image,
      resolution,
      softness: request.softness ?? ownSettings(settings).seedvr2_default_softness,
      color_fix: request.color_fix ?? ownSettings(settings).seedvr2_color_fix,
      tile: request.tile ?? ownSettings(settings).seedvr2_tile,
      seed: fixedSeed(request.seed),
      quantize: request.quantize ?? null,
      format: request.format,
      quality: request.quality,
      model: variant.name,
      mode: request.mode,
      ...(unused.length > 0 && { unused }),
    };
  },

  need: (params, context) =>
    needOf(params, context, { pixels: leastPixels(params.resolution, context.settings) }),

  async prepare(params, context) {
    const { settings } = context;
    const { path, record } = await context.resolve(params.image, "image");
    const picture = await decodePicture(path, {
      kind: "input image",
      maxPixels: settings.max_input_pixels,
      setting: "max_input_pixels",
      alpha: true,
      colours: "own",
      signal: context.signal,
    });
    const target = readResolution(params.resolution, limits(settings));
    const size = resultSize(picture.width, picture.height, target);
    checkResultSize(size, picture, settings.max_output_pixels);
    const seed = params.seed ?? Math.floor(Math.random() * 2 ** 31);
    const facts: Facts = {
      image_file_id: record.file_id,
      input_width: picture.width,
      input_height: picture.height,
      seed,
      one_colour: isOneColour({ data: picture.pixels, channels: 3 }),
      profile: picture.profile,
    };
    const input: UpscaleInput = {
      pixels: picture.pixels,
      ...(picture.alpha && params.format !== "jpeg" && { alpha: picture.alpha }),
      inputWidth: picture.width,
      inputHeight: picture.height,
      ...size,
      softness: params.softness,
      seed,
      tile: params.tile,
      overlap,
      colorFix: params.color_fix,
    };
    const extent = {
      input: { width: picture.width, height: picture.height },
      pixels: size.width * size.height,
    };
    return { input, facts, need: needOf(params, context, extent) };
  },

  async publish(params, given, output, { settings, seconds }) {
    const { image_file_id, seed, one_colour, profile, ...input } = given as Facts;
    const { image, channels, width, height, precision } = output as unknown as UpscaleOutput;
    if (!one_colour) refuseOneColour({ data: image, channels });
    const { model, resolution, softness, color_fix, tile, quantize, format, quality } = params;
    const used = {
      kind: "upscale",
      model,
      image_file_id,
      resolution,
      softness,
      seed,
      quantize: chooseBits(quantize, ownSettings(settings).seedvr2_default_quantize).bits,
      precision,
      format,
      quality,
      color_fix,
      tile,
      tile_overlap: overlap,
    };
    const body = {
      model,
      ...input,
      width,
      height,
      params: used,
      ...(params.unused && { notes: params.unused.map((field) => `${field}: ${model} does not use it`) }),
      timings: { total_s: Number(seconds.toFixed(2)) },
    };
    const { extension, contentType } = pictureFormats[format];
    const bytes = await encodePicture(
      { pixels: image, width, height, channels },
      {
        format,
        quality,
        ...(profile && { profile }),
        ...(settings.embed_metadata && { description: JSON.stringify({ family, ...used }) }),
      },
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
      result: ([file]) => ({ ...body, file_id: file!.file_id, image_bytes: file!.size }),
    };
  },
};

/** Memory that a variant needs for a usual request. */
export const warm: NonNullable<Capability["warm"]> = (
  variant,
  context,
  { quantize = null, width, height } = {},
) => {
  const { settings } = context;
  if (width && height) checkResultSize({ width, height }, { width, height }, settings.max_output_pixels);
  return needOf({ model: variant, quantize, tile: ownSettings(settings).seedvr2_tile }, context, {
    pixels: width && height ? width * height : usualPixels,
  });
};
