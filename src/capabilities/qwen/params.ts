/**
 * Parameters that a job of Qwen-Image keeps, and the checks of a request.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "../../errors.ts";
import type { FileRef } from "../../files/file.ts";
import type { CheckContext } from "../capability.ts";
import { checkLimits } from "../diffusion/limits.ts";
import type { MaskParams } from "../diffusion/mask.ts";
import { type PictureParams, pictureParams } from "../diffusion/params.ts";
import type { Kind } from "../diffusion/phase.ts";
import type { UsedAdapter } from "../diffusion/prepare.ts";
import type { EditRequest, GenerateRequest } from "./contract.ts";
import { limitsOf, ownSettings } from "./settings.ts";
import { isEdit, variants } from "./variants.ts";

export const family = "qwen";
/** Pixels that tiles of the picture coder share. */
export const overlap = 64;

export type Shared = PictureParams & {
  negative_prompt: string | null;
  guidance: number;
  scheduler: string;
  model: string;
};
export type GenerateParams = Shared & {
  init_image: FileRef | null;
  image_strength: number | null;
  fast: 4 | 8 | null;
};
export type EditParams = Shared & MaskParams & { images: FileRef[]; fast: 4 | 8 | null };
export type Params = GenerateParams | EditParams;

export type Facts = {
  kind: Kind;
  seed: number;
  image_file_ids: string[];
  mask_file_id?: string;
  adapters: UsedAdapter[];
  one_colour: boolean;
  /** Whether the prompt and the negative prompt ran at once. */
  batch_guidance: boolean;
};

/** Whether there is a negative prompt. */
export const guided = ({ guidance }: Pick<Shared, "guidance">) => guidance > 1;

export const requireVariantKind = (variant: string, edit: boolean) => {
  if (isEdit(variant) === edit) return;
  throw new Refusal(
    "unknown_model",
    edit
      ? "qwen edit requires model 'edit-2509' (or 'edit-2511')"
      : "qwen generate requires model 'image' (or 'image-2512')",
  );
};

/** Checks what both operations share and fills in the server's defaults. */
export function checkShared(
  request: GenerateRequest | EditRequest,
  defaults: { steps: number; guidance: number },
  context: CheckContext,
): Omit<Shared, "model"> {
  const { settings } = context;
  const wanted = {
    ...pictureParams(request, {
      width: ownSettings(settings).qwen_default_width,
      height: ownSettings(settings).qwen_default_height,
      steps: defaults.steps,
    }),
    negative_prompt: request.negative_prompt ?? null,
    guidance: request.guidance ?? defaults.guidance,
    scheduler: request.scheduler,
  };
  checkLimits(wanted, limitsOf(settings));
  return wanted;
}

/** The setting that names a variant's adapter for few steps. Those that generate share one. */
const lightningSetting = (variant: string, fast: 4 | 8) =>
  isEdit(variant) ? `qwen_${variant.replace("-", "_")}_lightning_${fast}` : `qwen_lightning_${fast}`;

/** The adapter of a request with `fast`: the settings' own, else the one that was fetched with the model. */
export function lightningFile(
  variant: string,
  fast: 4 | 8,
  { settings, fetched }: Pick<CheckContext, "settings" | "fetched">,
): string {
  const name = lightningSetting(variant, fast);
  const path = (ownSettings(settings) as unknown as Readonly<Record<string, unknown>>)[name];
  if (typeof path === "string") {
    if (existsSync(path)) return path;
    throw new Refusal("not_activated", `the file that the setting ${name} names is not there`);
  }
  const published = variants.find((each) => each.name === variant)?.fast?.find(({ steps }) => steps === fast);
  if (published?.download.kind === "huggingface") {
    const folder = fetched?.(published.download);
    if (folder !== undefined) return join(folder, published.download.files[0]!);
  }
  const way = published ? `Run: easel activate ${family}/${variant} --fast. Or give` : "Give";
  throw new Refusal(
    "not_activated",
    `fast: ${fast} needs an adapter. ${way} its file in the setting ${name}`,
  );
}

/** Steps and guidance that a request with `fast` has unless it names others. */
export const usualWith = (fast: 4 | 8 | null, usual: { steps: number; guidance: number }) =>
  fast === null ? usual : { steps: fast, guidance: 1 };

/** Names that mean the one schedule there is. */
export const schedulers = [
  "linear",
  "LinearScheduler",
  "flow_match_euler_discrete",
  "FlowMatchEulerDiscreteScheduler",
];

/** The pictures that a job looks at. */
export const filesOf = (params: Params): FileRef[] =>
  "images" in params ? params.images : params.init_image ? [params.init_image] : [];
