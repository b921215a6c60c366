type SharpModule = typeof import("sharp").default;

/** sharp, loaded at first use: a command that touches no picture need not open libvips. */
export function loadSharp(): SharpModule {
  return require("sharp") as SharpModule;
}
