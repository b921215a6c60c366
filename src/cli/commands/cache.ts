import { rmSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { type CacheItem, itemsOf, newestNative, prunable, sweepPartials } from "../../disk/cache-folder.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { table } from "../output/table.ts";

export function registerCache(program: Command, context: CommandContext): void {
  const cache = program
    .command("cache")
    .description("list and empty the cache: unpacked parts, quantized weights, encoded prompts");
  cache
    .command("list", { isDefault: true })
    .description("list unpacked parts, quantized weights, encoded prompts and downloads")
    .option("--json", "print JSON")
    .action((options: { json?: boolean }) => {
      const items = itemsOf(context.settings().cache_dir);
      if (options.json) return context.out(JSON.stringify(items, null, 2));
      if (items.length === 0) return context.out("The cache is empty.");
      const rows = together(items).map(({ name, kind, bytes, used }) => [
        kind,
        name,
        megabytes(bytes),
        new Date(used).toISOString().slice(0, 16).replace("T", " "),
      ]);
      context.out(table([["Kind", "Name", "Size", "Last used"], ...rows]));
      context.out(`Together ${megabytes(items.reduce((sum, { bytes }) => sum + bytes, 0))}`);
    });
  cache
    .command("prune")
    .description("remove old native parts, and the oldest of the rest down to cache_max_gb")
    .option("--all", "remove everything but downloaded models and the native parts in use")
    .option("--json", "print JSON")
    .action((options: { all?: boolean; json?: boolean }) => {
      const { cache_dir, cache_max_gb } = context.settings();
      const going = options.all
        ? itemsOf(cache_dir).filter(({ kind }) => kind !== "download")
        : prunable(itemsOf(cache_dir), cache_max_gb);
      const newest = newestNative(itemsOf(cache_dir));
      const removed = going.filter(({ path }) => path !== newest?.path);
      for (const { path } of removed) {
        try {
          rmSync(path, { recursive: true, force: true });
        } catch {
          throw new CommandError(`${path} cannot be removed`, exitCodes.failed);
        }
      }
      for (const kept of ["quantized", "prompts"]) sweepPartials(join(cache_dir, kept));
      if (options.json) return context.out(JSON.stringify(removed, null, 2));
      for (const { name, bytes } of removed) context.out(`removed: ${name} (${megabytes(bytes)})`);
      if (removed.length === 0) context.out("Nothing to remove.");
    });
}

/** Prompts are many, and their names are hashes: one line for all. */
function together(items: readonly CacheItem[]): CacheItem[] {
  const prompts = items.filter(({ kind }) => kind === "prompts");
  const [newest] = prompts;
  if (!newest) return [...items];
  const bytes = prompts.reduce((sum, item) => sum + item.bytes, 0);
  const all = { ...newest, name: `${prompts.length} of them`, bytes };
  return items.flatMap((item) => (item === newest ? [all] : item.kind === "prompts" ? [] : [item]));
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
