/**
 * Where the files of SeedVR2 lie: the transformer, the picture coder and the embedding of the one text it was distilled with, side by
 * side or in several folders.
 *
 * @module
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";

const vaeFile = /vae[^/]*\.safetensors$/i;
const textFile = /^pos_emb\.(pt|safetensors)$/;

export interface Files {
  transformer: string | undefined;
  vae: string | undefined;
  text: string | undefined;
}

/** Finds files in folders, or among paths that are files themselves. `variant` tells networks in one folder apart. */
export function filesOf(paths: readonly string[], variant: string): Files {
  const candidates = paths
    .flatMap((path) => {
      if (!existsSync(path)) return [];
      return statSync(path).isDirectory() ? readdirSync(path).map((name) => join(path, name)) : [path];
    })
    .sort();
  const find = (fits: (name: string) => boolean) => candidates.find((path) => fits(basename(path)));
  return {
    transformer:
      find((name) => name === transformerFile(variant)) ??
      find((name) => name.endsWith(".safetensors") && !vaeFile.test(name) && !textFile.test(name)),
    vae: find((name) => vaeFile.test(name)),
    text: find((name) => textFile.test(name)),
  };
}

export const transformerFile = (variant: string) => `seedvr2_ema_${variant}_fp16.safetensors`;
