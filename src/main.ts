/**
 * The entry. The engine's worker is made here and nowhere else: in the binary, paths of workers count from this file.
 *
 * @module
 */
import { main } from "./cli/main.ts";

const code = await main(
  process.argv.slice(2),
  () => new Worker(new URL("./engine/worker.ts", import.meta.url)),
);
// work may still be in flight on the engine: it is not waited for
process.exit(code);
