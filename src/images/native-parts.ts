/**
 * Where the libraries lie that decode pictures. In the binary they are among the native parts.
 *
 * @module
 */
import { join } from "node:path";

const addon = Symbol.for("easel.sharp.addon");
let heif: string | undefined;

/**
 * Says where the native parts are. In the binary sharp's addon comes from there: `build.ts` puts a stand-in into its place that
 * looks here. The folder keeps sharp's own layout, by which the addon finds libvips.
 */
export function takeSharpFrom(folder: string): void {
  const path = join(folder, `sharp-${process.platform}-${process.arch}/lib/sharp.node`);
  Object.assign(globalThis, { [addon]: path });
  heif = join(folder, "libheif");
}

/** The folder of libheif's two files. */
export function libheifFolder(): string {
  if (!Bun.isStandaloneExecutable) return join(import.meta.dir, "../../node_modules/libheif-js/libheif-wasm");
  if (heif === undefined) throw new Error("the native parts are not unpacked yet");
  return heif;
}
