/**
 * Builds the native parts with AMX's tiles written out in C++ (`tools/kernels/tiles.h`), so that a processor without them runs their
 * kernels. Products and sums are those of the instructions; times are not.
 *
 * @module
 */
import { cpSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { compileVariant } from "../../scripts/build/compile.ts";
import { buildNative, fetchWheels, host } from "../../scripts/build/native.ts";

const root = join(import.meta.dir, "../..");
const header = join(root, "tools/kernels/tiles.h");

/** Which ops of the table `amx` take three products. */
export interface Rule {
  /** Products that nothing follows but a bias, such as queries and keys of attention. */
  plain: boolean;
  /** Those that an activation or a residual follows. */
  ended: boolean;
  convolutions: boolean;
  attention: boolean;
}

/** The library of a rule, or of the kernels' own. */
export async function withTiles(name: string, rule?: Rule): Promise<string> {
  const { folder: native, library } = await buildNative();
  const rules = Object.entries(rule ?? {}).map(
    ([op, three]) => `-DAMX_${op.toUpperCase()}=${three ? "amx_three" : "amx_six"}`,
  );
  // A part of the command, so that a change of the header compiles again.
  const version = `-DTILES_VERSION=${Bun.hash(await Bun.file(header).text()) % 1_000_000_007n}`;
  const tiles = ["-include", header, version];
  const folder = join(root, ".cache/terms", name);
  mkdirSync(folder, { recursive: true });
  cpSync(native, folder, { recursive: true });
  await compileVariant(await fetchWheels(host), folder, (unit) => {
    if (basename(unit) === "amx.cpp") return rules;
    return /^(amx_.*|dispatch)\.cpp$/.test(basename(unit)) ? tiles : [];
  });
  return join(folder, library);
}
