/**
 * The entry. The engine's worker is made here and nowhere else: in the binary, paths of workers count from this file.
 *
 * @module
 */
import { leave } from "../ffi/leave.ts";
import { heifCommand } from "./images/heif/protocol.ts";
import { version } from "./version.ts";

const args = process.argv.slice(2);
if (args.length === 1 && /^(version|--version|-V)$/.test(args[0]!)) {
  // other programs ask for it, and it needs nothing of the rest
  console.log(version);
  process.exit(0);
}
if (args[0] === heifCommand) {
  const { decodeHeifHere } = await import("./images/heif/child.ts");
  await decodeHeifHere(args[1] ?? "{}");
  process.exit(0);
}
const { main } = await import("./cli/main.ts");
const code = await main(args, () => new Worker(new URL("./worker.ts", import.meta.url)));
// work may still be in flight on the engine: it is not waited for
leave(code);
