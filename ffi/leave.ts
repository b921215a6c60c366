/**
 * Ends the process at once, after the handlers of "exit". On a Mac `process.exit` goes through C's exit(), which destroys MLX's
 * objects while the engine's thread may still use them and ends in a crash; `_exit` leaves them to the system, as Bun does on Linux.
 */
export function leave(code: number, platform: NodeJS.Platform = process.platform): never {
  if (platform !== "darwin") process.exit(code);
  const libc = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";
  try {
    // taken at the end: an import would cost every start
    const { dlopen } = require("bun:ffi") as typeof import("bun:ffi");
    const { symbols } = dlopen(libc, { _exit: { args: ["i32"], returns: "void" } });
    process.exitCode = code;
    process.emit("exit", code);
    symbols._exit(code);
  } catch {
    // without it the usual way out is left
  }
  process.exit(code);
}
