/**
 * Every setting in one table: the server's own and those of each family. The settings file's template, the names in the environment
 * and on the command line, `--help`, the documentation and the JSON schema are made from it.
 *
 * @module
 */
import { families } from "../capabilities/registry.ts";
import { core } from "./core.ts";
import type { Rows } from "./types.ts";

/** The table of a server with these families, in an order in which a computed default finds what it is taken from. */
export function tableOf(families: readonly { settings: Rows }[]): Rows {
  return Object.assign({}, core, ...families.map(({ settings }) => settings)) as Rows;
}

/** The table of this program. */
export const table = tableOf(families);
export const settingNames: readonly string[] = Object.keys(table);

/** `sync_timeout_s` is `EASEL_SYNC_TIMEOUT_S` in the environment. */
export const envName = (name: string): string => `EASEL_${name.toUpperCase()}`;
/** `sync_timeout_s` is `--sync-timeout-s` on the command line. */
export const flagName = (name: string): string => `--${name.replaceAll("_", "-")}`;

/** A mark of the settings that shape pictures: those of the families, without the places of files. */
export function pictureMark(settings: object): string {
  const values = settings as Readonly<Record<string, unknown>>;
  const shaping = Object.entries(table).filter(
    ([name, { kind }]) => name === "default_quantize" || (!Object.hasOwn(core, name) && !kind.path),
  );
  const text = JSON.stringify(shaping.map(([name]) => [name, values[name]]));
  return new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 16);
}
