import { basename } from "node:path";
import type { Command } from "commander";
import type { FileRecord } from "../../files/file.ts";
import { json, requireRunning } from "../client.ts";
import { confirmed } from "../confirm.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { allIds, fullId } from "../ids.ts";
import { positive } from "../option-values.ts";
import { bytes, table } from "../output/table.ts";
import { outputsFor } from "../picture-paths.ts";
import { saveFile, standardStream } from "../remote-file.ts";

export function registerFiles(program: Command, context: CommandContext): void {
  const files = program
    .command("files")
    .description("list, show, link, save and delete the files of a running server");
  files
    .command("list", { isDefault: true })
    .description("list files, newest first, and how long they are kept")
    .option("-n, --limit <count>", "how many", positive, 20)
    .option("--json", "print JSON")
    .action(async ({ limit, json: asJson }: { limit: number; json?: boolean }) => {
      await using client = await requireRunning(context);
      const page = await json<{ data: FileRecord[]; has_more: boolean }>(
        await client.request(`/v1/files?limit=${limit}`),
      );
      if (asJson) return context.out(JSON.stringify(page.data, null, 2));
      if (page.data.length === 0) return context.out("No files.");
      const rows = page.data.map(({ file_id, filename, content_type, size, created_at }) => [
        file_id,
        filename.slice(0, 40),
        content_type,
        bytes(size),
        new Date(created_at * 1000).toISOString().slice(0, 16).replace("T", " "),
      ]);
      context.out(table([["File", "Name", "Type", "Size", "Stored (UTC)"], ...rows]));
      if (page.has_more) context.out(`There are more: --limit ${limit * 2}`);
      context.out(
        "Files stay until they are deleted, or until the settings files_ttl_days and files_max_gb remove them.",
      );
    });
  files
    .command("show <id>")
    .description("print a file's record as JSON; the start of an id is enough")
    .action(async (start: string) => {
      await using client = await requireRunning(context);
      const id = await fullId(client, "files", start);
      context.out(JSON.stringify(await json(await client.request(`/v1/files/${id}`)), null, 2));
    });
  files
    .command("link <id>")
    .description("print a link to a file that needs no token and is good for 15 minutes")
    .action(async (start: string) => {
      await using client = await requireRunning(context);
      const id = await fullId(client, "files", start);
      const { url } = await json<{ url: string }>(await client.request(`/v1/files/${id}/link`));
      context.out(url);
    });
  files
    .command("save <id>")
    .description("write a file to this folder")
    .option("-o, --output <path>", "the target: a file, a folder, or - for standard output")
    .action(async (start: string, { output }: { output?: string }) => {
      await using client = await requireRunning(context);
      const id = await fullId(client, "files", start);
      const { filename } = await json<FileRecord>(await client.request(`/v1/files/${id}`));
      const { stem, extension } = namesOf(filename, id);
      const list = [{ path: "", label: id, stem }];
      const [path] = outputsFor({ list, several: false }, output, { suffix: "", extension });
      await saveFile(client, id, path!);
      if (path !== standardStream) context.out(path!);
    });
  files
    .command("delete [ids...]")
    .description("delete files; the start of an id is enough")
    .option("--all", "every file")
    .option("--yes", "do not ask")
    .action(async (starts: string[], { all, yes }: { all?: boolean; yes?: boolean }) => {
      if (!all && starts.length === 0)
        throw new CommandError("Name the files to delete, or give --all", exitCodes.usage);
      if (all && !yes && !(await confirmed(context, "Delete every file of the server?"))) return;
      await using client = await requireRunning(context);
      const ids = all ? await allIds(client, "files") : [];
      for (const start of starts) ids.push(await fullId(client, "files", start));
      for (const id of new Set(ids)) {
        await json(await client.request(`/v1/files/${id}`, { method: "DELETE" }));
        context.out(`deleted: ${id}`);
      }
      if (ids.length === 0) context.out("No files.");
    });
}

/** Systems allow 255 bytes; a number may follow the stem. */
const longestStem = 200;
const longestExtension = 20;

/** A name to save under: visible, and short enough for every system. */
export function namesOf(filename: string, id: string): { stem: string; extension: string } {
  const name = basename(filename).replace(/^[\s.]+/, "");
  const [, stem = id, extension = ""] = /^(.+?)(\.[^.]*)?$/.exec(name) ?? [];
  if (Buffer.byteLength(extension) > longestExtension)
    return { stem: shortened(stem + extension), extension: "" };
  return { stem: shortened(stem), extension };
}

/** Cut to the bytes that a name may have, between two letters. */
const shortened = (text: string) =>
  Buffer.byteLength(text) <= longestStem
    ? text
    : Buffer.from(text)
        .subarray(0, longestStem)
        .toString()
        .replace(/\uFFFD$/, "");
