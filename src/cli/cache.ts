import { existsSync, lstatSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { type CommandContext, CommandError, exitCodes } from "./context.ts";
import { table } from "./table.ts";

/** A thing in the cache folder that can be made or fetched again. */
interface Item {
  name: string;
  kind: "native parts" | "quantized weights" | "prompts" | "download" | "other";
  bytes: number;
  /** Unix milliseconds. */
  used: number;
  path: string;
}

export function registerCache(program: Command, context: CommandContext): void {
  const cache = program
    .command("cache")
    .description("list and empty what easel keeps to be faster: unpacked parts, quantized weights, prompts");
  cache
    .command("list", { isDefault: true })
    .description("list what is there")
    .option("--json", "print JSON")
    .action((options: { json?: boolean }) => {
      const items = itemsOf(context.settings().cache_dir);
      if (options.json) return context.out(JSON.stringify(items, null, 2));
      if (items.length === 0) return context.out("The cache is empty.");
      const rows = items.map(({ name, kind, bytes, used }) => [
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
      if (options.json) return context.out(JSON.stringify(removed, null, 2));
      for (const { name, bytes } of removed) context.out(`removed: ${name} (${megabytes(bytes)})`);
      if (removed.length === 0) context.out("Nothing to remove.");
    });
}

/** The folders of the cache, newest first. */
export function itemsOf(folder: string): Item[] {
  if (!existsSync(folder)) return [];
  const kinds: Record<string, Item["kind"]> = {
    quantized: "quantized weights",
    prompts: "prompts",
    downloads: "download",
  };
  const items = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const kind = kinds[entry.name];
    if (kind && entry.isDirectory())
      return readdirSync(path).map((name) => itemAt(join(path, name), `${entry.name}/${name}`, kind));
    return [itemAt(path, entry.name, entry.name.startsWith("native-") ? "native parts" : "other")];
  });
  return items.sort((a, b) => b.used - a.used);
}

function itemAt(path: string, name: string, kind: Item["kind"]): Item {
  const { bytes, used } = measure(path);
  return { name, kind, bytes, used, path };
}

function measure(path: string): { bytes: number; used: number } {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return { bytes: 0, used: 0 };
  const used = Math.max(stat.mtimeMs, stat.atimeMs);
  if (!stat.isDirectory()) return { bytes: stat.size, used };
  // A folder's own time tells when something was put into it, not when that was last read.
  const inside = readdirSync(path).map((name) => measure(join(path, name)));
  if (inside.length === 0) return { bytes: 0, used };
  return {
    bytes: inside.reduce((sum, part) => sum + part.bytes, 0),
    used: Math.max(...inside.map((part) => part.used)),
  };
}

const newestNative = (items: readonly Item[]) => items.find(({ kind }) => kind === "native parts");

/** Older native parts, and what goes over the limit, oldest first. Downloaded models are never touched. */
export function prunable(items: readonly Item[], maxGb: number | null): Item[] {
  const current = newestNative(items);
  const old = items.filter((item) => item.kind === "native parts" && item !== current);
  if (maxGb === null) return old;
  const rest = items.filter(({ kind }) => kind === "quantized weights" || kind === "prompts");
  let room = maxGb * 1e9 - (current?.bytes ?? 0);
  const over = rest.filter(({ bytes }) => {
    room -= bytes;
    return room < 0;
  });
  return [...old, ...over];
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
