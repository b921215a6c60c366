/**
 * The folder of adapters that the setting `lora_dir` names: what is in it, and what each file fits. It is read at every question, so a
 * file that is dropped in can be used at once. Nothing outside of it is reached, not by a name and not through a link.
 *
 * @module
 */
import { type Dirent, readdirSync, realpathSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { Refusal } from "../../errors.ts";
import type { AdapterRef } from "../../files/file.ts";
import { whyNot } from "../../models/diffusion/names.ts";
import { safetensorsTable } from "../../weights/tensor-table.ts";
import type { Capability, CheckContext } from "../capability.ts";

export interface StoredAdapter {
  /** Its path in the folder, with slashes. */
  name: string;
  /** Its place on this machine, links followed. */
  path: string;
  size: number;
  modified: number;
  /** Why it cannot be used, whatever the network. */
  unusable?: string;
}

/** An adapter as lists show it. */
export interface ListedAdapter {
  name: string;
  size: number;
  modified_at: number;
  fits: { family: string; models: string[] }[];
  /** Why it fits nothing. */
  problem?: string;
}

type Adapters = NonNullable<Capability["adapters"]>;

const extension = ".safetensors";
/** Of weights in pickles, which are programs, and in other formats. */
const otherFormats = [".ckpt", ".pt", ".pth", ".bin", ".gguf"];
const endsWith = (name: string, ...extensions: string[]) =>
  extensions.some((each) => name.toLowerCase().endsWith(each));
const deepest = 8;
const mostListed = 5000;

const inside = (root: string, path: string) => path.startsWith(root.endsWith(sep) ? root : root + sep);

/** The adapters of the folder in the order of their names, also those that cannot be used; none when it is not there. */
export function storedAdapters(folder: string): StoredAdapter[] {
  const root = real(folder);
  if (root === undefined) return [];
  const found: StoredAdapter[] = [];
  walk(root, root, 0, found);
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function walk(root: string, folder: string, depth: number, found: StoredAdapter[]): void {
  for (const entry of entriesOf(folder)) {
    if (found.length >= mostListed) return;
    if (entry.name.startsWith(".")) continue;
    const path = join(folder, entry.name);
    // A link to a folder could lead in a circle.
    if (entry.isDirectory() && depth < deepest) walk(root, path, depth + 1, found);
    else if (endsWith(entry.name, extension, ...otherFormats))
      found.push(stored(root, path) ?? broken(root, path));
  }
}

/** A file of which only the name is known. */
function broken(root: string, path: string): StoredAdapter {
  const unusable = "it is no file inside lora_dir, or a link that leads to none: copy the file there";
  return { name: nameIn(root, path), path, size: 0, modified: 0, unusable };
}

const nameIn = (root: string, path: string) => relative(root, path).split(sep).join("/");

/** The file at a path in the folder; undefined when it is none, or a link out of the folder. */
function stored(root: string, path: string): StoredAdapter | undefined {
  const place = real(path);
  if (place === undefined || !inside(root, place)) return undefined;
  const stat = statSync(place, { throwIfNoEntry: false });
  if (!stat?.isFile()) return undefined;
  return {
    name: nameIn(root, path),
    path: place,
    size: stat.size,
    modified: stat.mtimeMs / 1000,
    ...(!endsWith(path, extension) && { unusable: "it is no safetensors file: convert it" }),
  };
}

/**
 * The adapter of a name, with or without its extension.
 *
 * @throws {Refusal} `unknown_file`
 */
export function findAdapter(folder: string, name: string): StoredAdapter {
  const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
  const parts = name.split("/");
  if (name.includes("\0") || name.includes("\\") || parts.some((part) => part === "" || part.startsWith(".")))
    throw new Refusal("unknown_file", `'${shown}' is no name of an adapter: name a file inside lora_dir`);
  const root = real(folder);
  const adapter =
    root === undefined
      ? undefined
      : (endsWith(name, extension) ? [name] : [name, name + extension])
          .filter((each) => endsWith(each, extension))
          .map((each) => stored(root, join(root, each)))
          .find((each) => each !== undefined);
  if (adapter) return adapter;
  throw new Refusal(
    "unknown_file",
    `lora_dir has no adapter '${shown}'; easel loras and GET /v1/loras list those it has`,
  );
}

/** Why an adapter does not fit a variant; undefined when it fits. `called` names the variant in the reason. */
export function misfit(
  adapter: StoredAdapter,
  adapters: Adapters,
  variant: string,
  context: CheckContext,
  called?: string,
): string | undefined {
  if (adapter.unusable !== undefined) return `${adapter.name} cannot be used: ${adapter.unusable}`;
  const table = tableOf(adapter);
  if ("problem" in table) return `${adapter.name} cannot be read as safetensors: ${table.problem}`;
  return whyNot(table.tensors, adapter.name, adapters(variant, context), called);
}

/**
 * Refuses a request's adapters of the folder that are not there or do not fit.
 *
 * @throws {Refusal} `unknown_file`, `invalid_parameter`
 */
export function checkAdapters(
  loras: readonly { file: AdapterRef }[],
  { family, adapters, variant }: { family: string; adapters: Adapters; variant: string },
  context: CheckContext,
): void {
  for (const { file } of loras) {
    if (file.type !== "lora") continue;
    const adapter = findAdapter(context.settings.lora_dir, file.lora);
    const reason = misfit(adapter, adapters, variant, context);
    if (reason !== undefined)
      throw new Refusal(
        "invalid_parameter",
        `loras: ${reason}. The request is for ${family}/${variant}; GET /v1/loras says what each adapter fits`,
      );
  }
}

/** The SHA-256 of an adapter's file. */
export async function adapterSum(path: string, signal: AbortSignal): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) {
    signal.throwIfAborted();
    hasher.update(chunk);
  }
  return hasher.digest("hex");
}

export interface AdapterFilter {
  family?: string | undefined;
  /** With or without its family before it. */
  model?: string | undefined;
}

/** Each adapter of the folder with the models that it fits; of these, those that fit what the filter names. */
export function adapterList(
  families: readonly Capability[],
  context: CheckContext,
  { family, model }: AdapterFilter = {},
): ListedAdapter[] {
  const wanted = (fit: ListedAdapter["fits"][number]) =>
    (family === undefined || fit.family === family) &&
    (model === undefined || fit.models.some((name) => [name, `${fit.family}/${name}`].includes(model)));
  const all = family === undefined && model === undefined;
  return listed(families, context).filter(({ fits }) => all || fits.some(wanted));
}

function listed(families: readonly Capability[], context: CheckContext): ListedAdapter[] {
  return storedAdapters(context.settings.lora_dir).map((adapter) => {
    const reasons = new Set<string>();
    const fits = families.flatMap(({ family, adapters, variants }) => {
      if (!adapters) return [];
      const models = variants.flatMap(({ name }) => {
        const reason = misfit(adapter, adapters, name, context, "any model here");
        if (reason !== undefined) reasons.add(reason);
        return reason === undefined ? [name] : [];
      });
      return models.length > 0 ? [{ family, models }] : [];
    });
    const { name, size, modified } = adapter;
    const problem = fits.length === 0 && { problem: problemOf(adapter, [...reasons]) };
    return { name, size, modified_at: modified, fits, ...problem };
  });
}

/** A reason that holds for every network is the file's own. */
const problemOf = ({ name }: StoredAdapter, reasons: readonly string[]) =>
  reasons.length === 1 ? reasons[0]! : `${name} fits none of the models here`;

type Table = ReturnType<typeof safetensorsTable>;
const known = new Map<string, Table>();
const mostKnown = 512;

function tableOf({ path, size, modified }: StoredAdapter): Table {
  const key = JSON.stringify([path, size, modified]);
  const table = known.get(key) ?? readTable(path);
  if (!known.has(key)) {
    if (known.size >= mostKnown) known.clear();
    known.set(key, table);
  }
  return table;
}

function readTable(path: string): Table {
  try {
    return safetensorsTable(path);
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    return { problem: `the system refuses it (${error.code})` };
  }
}

function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    return undefined;
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if (!isOfSystem(error)) throw error;
    return [];
  }
}

const isOfSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";
