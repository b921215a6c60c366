import { lstat, realpath } from "node:fs/promises";
import { basename, resolve, sep } from "node:path";
import type { Command } from "commander";
import type { Api } from "../../mcp/api.ts";
import { ToolError } from "../../mcp/api.ts";
import { version } from "../../version.ts";
import { addressOf, anyServer } from "../client.ts";
import type { CommandContext } from "../context.ts";
import { collect } from "./status.ts";

/** Bytes of a picture that a path may name. */
const largestPicture = 512 * 2 ** 20;

export function registerMcp(program: Command, context: CommandContext): void {
  program
    .command("mcp")
    .description("speak the Model Context Protocol on standard input and output, for agents")
    .option(
      "--allow <folder>",
      "folder whose pictures may be named by path (repeatable); the working directory without it",
      collect,
    )
    .action(async ({ allow }: { allow?: string[] }) => {
      const { createMcpServer } = await import("../../mcp/server.ts");
      const { serveStdio } = await import("../../mcp/stdio.ts");
      await using client = await anyServer(context);
      const api: Api = {
        request: (path, init) => client.request(path, init),
        origin: addressOf(context.settings()),
        readPath: pathReader(allow ?? [process.cwd()]),
      };
      const server = createMcpServer(api, version);
      await serveStdio(server, { input: process.stdin, output: process.stdout, signal: context.signal });
    });
}

/** Reads files inside the folders alone. A link that leads out of them is refused. */
function pathReader(folders: readonly string[]): NonNullable<Api["readPath"]> {
  return async (path) => {
    const outside = () =>
      new ToolError("invalid_reference", "the path does not name a file inside an allowed folder (--allow)");
    const real = await realpath(resolve(path)).catch(() => undefined);
    if (real === undefined) throw outside();
    const roots = await Promise.all(
      folders.map((folder) => realpath(resolve(folder)).catch(() => undefined)),
    );
    if (!roots.some((root) => root !== undefined && real.startsWith(root.endsWith(sep) ? root : root + sep)))
      throw outside();
    const stat = await lstat(real);
    if (!stat.isFile()) throw outside();
    if (stat.size > largestPicture) throw new ToolError("too_large", "the file is larger than 512 MB");
    return { bytes: new Uint8Array(await Bun.file(real).arrayBuffer()), name: basename(real) };
  };
}
