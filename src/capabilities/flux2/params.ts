/**
 * Parameters that a job of FLUX.2 keeps, and the checks of a request.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";
import type { FileRef } from "../../files/file.ts";
import type { CheckContext, Variant } from "../capability.ts";
import { checkLimits, checkStrength } from "../diffusion/limits.ts";
import type { MaskParams } from "../diffusion/mask.ts";
import { type PictureParams, pictureParams } from "../diffusion/params.ts";
import { type Models, requireActivated } from "../model.ts";
import type { EditRequest, GenerateRequest } from "./contract.ts";
import { limitsOf, ownSettings } from "./settings.ts";
import { family, free4b, usualOf, variants } from "./variants.ts";

export type Shared = PictureParams & {
  guidance: number;
  image_strength: number | null;
  scheduler: string;
  model: string;
};
export type GenerateParams = Shared & { init_image: FileRef | null };
export type EditParams = Shared & MaskParams & { images: FileRef[] };
export type Params = GenerateParams | EditParams;

export const models: Models = {
  family,
  variants,
  defaultVariant(context) {
    const isHere = (variant: string) => "source" in context.activation(family, variant);
    return (
      ownSettings(context.settings).flux2_default_model ??
      (isHere(free4b) && !isHere(contractDefault) ? free4b : contractDefault)
    );
  },
};

/** The original's default. */
const contractDefault = "klein-9b";

/** Guidance that takes effect: a distilled variant has none. */
export const guided = ({ model, guidance }: Pick<Shared, "model" | "guidance">) =>
  !usualOf(model).distilled && guidance > 1;

/** The pictures that a job looks at. */
export const filesOf = (params: Params): FileRef[] =>
  "images" in params ? params.images : params.init_image ? [params.init_image] : [];

/** Checks what both operations share and fills in the defaults. */
export function checkShared(
  request: GenerateRequest | EditRequest,
  variant: Variant,
  { settings }: CheckContext,
): Shared {
  const own = ownSettings(settings);
  const usual = usualOf(variant.name);
  const wanted: Shared = {
    ...pictureParams(request, {
      width: own.flux2_default_width,
      height: own.flux2_default_height,
      steps: usual.steps,
    }),
    guidance: request.guidance ?? usual.guidance,
    image_strength: request.image_strength ?? null,
    scheduler: request.scheduler,
    model: variant.name,
  };
  checkLimits(wanted, limitsOf(settings));
  checkStrength(request.image_strength);
  return wanted;
}

/** Refuses a variant that is not here, and names the free one where the default is meant. */
export function requireHere(variant: Variant, context: CheckContext): void {
  try {
    requireActivated(family, variant, context);
  } catch (error) {
    if (!(error instanceof Refusal) || variant.licence.commercial) throw error;
    const free = `${family}/${free4b}`;
    throw new Refusal(
      error.code,
      `${error.message}. The model ${free4b} is free and needs less memory: easel activate --model ${free}`,
    );
  }
}
