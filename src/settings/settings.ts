import type { core } from "./core.ts";
import type { ValuesOf } from "./types.ts";

/**
 * The settings of a running server, after flags, environment, file and defaults. The object also holds those of every family, which
 * read them through {@linkcode settingsView}.
 */
export type Settings = ValuesOf<typeof core>;
