import { existsSync } from "node:fs";
import { join } from "node:path";
import { choosePrecision, openLibrary } from "../../ffi/index.ts";

/** The shim as `bun run native` leaves it. */
export const libraryPath = join(
  import.meta.dir,
  "../../dist/native",
  process.platform === "darwin" ? "libeasel.dylib" : "libeasel.so",
);

/**
 * Opens it for a test. Tests compute on the CPU and in float32, whatever the machine has and would take: fixtures are held to that
 * accuracy.
 */
export function openForTests(): void {
  if (!existsSync(libraryPath)) throw new Error("dist/native is missing: run `bun run native`");
  openLibrary(libraryPath, { device: "cpu" });
  choosePrecision("float32");
}
