/**
 * What a job of every family of pictures from words keeps of its request.
 *
 * @module
 */
import type { PictureFormat } from "../../images/encode.ts";
import { fixedSeed } from "../schemas.ts";
import type { LoraFile } from "./prepare.ts";
import { noShortcuts, type Shortcuts, shortcutsOf } from "./shortcuts.ts";

export type PictureParams = Shortcuts & {
  prompt: string;
  width: number;
  height: number;
  steps: number;
  seed: number | null;
  quantize: number | null;
  format: PictureFormat;
  quality: number;
  loras: LoraFile[];
  preview: boolean;
  mode: string;
};

type Request = Parameters<typeof shortcutsOf>[0] &
  Pick<PictureParams, "prompt" | "format" | "quality" | "preview" | "mode"> & {
    width?: number | null | undefined;
    height?: number | null | undefined;
    steps?: number | null | undefined;
    seed?: number | null | undefined;
    quantize?: number | null | undefined;
    loras?: LoraFile[] | undefined;
  };

/** `usual` is what a request gets that does not say otherwise. */
export const pictureParams = (
  request: Request,
  usual: Pick<PictureParams, "width" | "height" | "steps">,
): PictureParams => ({
  prompt: request.prompt,
  width: request.width ?? usual.width,
  height: request.height ?? usual.height,
  steps: request.steps ?? usual.steps,
  seed: fixedSeed(request.seed),
  quantize: request.quantize ?? null,
  format: request.format,
  quality: request.quality,
  loras: request.loras ?? [],
  preview: request.preview,
  ...shortcutsOf(request),
  mode: request.mode,
});

/** A request that says nothing, for what a variant needs before its first one. */
export const plainParams = (
  usual: Pick<PictureParams, "width" | "height" | "steps" | "quantize">,
): PictureParams => ({
  prompt: "",
  ...usual,
  seed: null,
  format: "png",
  quality: 90,
  loras: [],
  preview: false,
  ...noShortcuts,
  mode: "sync",
});
