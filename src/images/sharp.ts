import { join } from "node:path";

type SharpModule = typeof import("sharp").default;

const addon = Symbol.for("easel.sharp.addon");

/** sharp, loaded at first use: a command that touches no picture need not open libvips. */
export function loadSharp(): SharpModule {
  return require("sharp") as SharpModule;
}

/**
 * Says where the native parts are. In the binary sharp's addon comes from there: `build.ts` puts a stand-in into its place that
 * looks here. The folder keeps sharp's own layout, by which the addon finds libvips.
 */
export function takeSharpFrom(folder: string): void {
  const path = join(folder, `sharp-${process.platform}-${process.arch}/lib/sharp.node`);
  Object.assign(globalThis, { [addon]: path });
}
