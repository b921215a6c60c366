/**
 * Where the pictures of a command come from and go to. Every wrong path is reported before anything starts.
 *
 * @module
 */
import { accessSync, constants, existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { CommandError, exitCodes } from "./context.ts";
import { standardStream } from "./remote-file.ts";

export type Format = "png" | "jpeg" | "webp";

const formats: Readonly<Record<string, Format>> = {
  ".png": "png",
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".webp": "webp",
};
const pictureName = /^[^.].*\.(jpe?g|png|webp|tiff?|gif|avif|heic|heif)$/i;

/** A picture that a command reads. */
export interface Input {
  /** `-` is standard input. */
  path: string;
  /** The name that messages give it. */
  label: string;
  /** The start of the result's name. */
  stem: string;
}

export interface Inputs {
  list: readonly Input[];
  /** The folder that all of them are in, if only a folder was named. */
  folder?: string;
  /** Whether the results need a folder: several inputs, or a folder as input. */
  several: boolean;
  /** Other files that the command reads, such as references and masks. */
  beside?: readonly string[];
}

/** How a result is named: `street.jpg` becomes `street-depth.png`. */
export interface Naming {
  suffix: string;
  extension: string;
}

/** The pictures that arguments name: files, folders of pictures, or `-`. */
export function inputsFrom(paths: readonly string[]): Inputs {
  const stats = paths.map(statOf);
  const list = paths.flatMap((path, i) => (stats[i]?.isDirectory() ? picturesIn(path) : [inputOf(path)]));
  if (list.filter(({ path }) => path === standardStream).length > 1)
    throw new CommandError("Standard input can be read only once", exitCodes.usage);
  const folders = paths.filter((_, i) => stats[i]?.isDirectory());
  const [folder] = folders;
  return {
    list,
    ...(paths.length === 1 && folder !== undefined && { folder }),
    several: list.length > 1 || folders.length > 0,
  };
}

/** Files that are not the inputs of a batch, such as references and adapters. */
export function requireFiles(paths: readonly string[]): void {
  for (const path of paths)
    if (statOf(path)?.isDirectory())
      throw new CommandError(`${path} is a folder, not a file`, exitCodes.usage);
}

function statOf(path: string) {
  if (path === standardStream) return undefined;
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new CommandError(`There is no file ${path || '""'}`);
  // Opening a pipe waits for its writer, perhaps for ever, and no signal ends that.
  if (!stat.isFile() && !stat.isDirectory())
    throw new CommandError(
      `${path} is a pipe or a device, not a file; give - to read standard input`,
      exitCodes.usage,
    );
  return stat;
}

const inputOf = (path: string): Input =>
  path === standardStream
    ? { path, label: "standard input", stem: "stdin" }
    : { path, label: path, stem: basename(path, extname(path)) };

/** Frames come in the order of their numbers: `frame-2` before `frame-10`. */
const byNumber = new Intl.Collator("en", { numeric: true }).compare;

function picturesIn(folder: string): Input[] {
  const names = readdirSync(folder)
    .filter(
      (name) => pictureName.test(name) && statSync(join(folder, name), { throwIfNoEntry: false })?.isFile(),
    )
    .sort(byNumber);
  if (names.length === 0) throw new CommandError(`There are no pictures in the folder ${folder}`);
  return names.map((name) => inputOf(join(folder, name)));
}

/** A redirected `/dev/stdout` is the file behind it, which the shell holds open already. */
const standardOutputOf = (path: string) => (path === "/dev/stdout" ? standardStream : path);

/**
 * A place for the result of each input. Without `output`, results get names of their own in the working directory and replace no file;
 * the result of standard input goes to standard output.
 */
export function outputsFor(inputs: Inputs, output: string | undefined, naming: Naming): string[] {
  const places =
    output === undefined
      ? defaultOutputs(inputs, naming)
      : namedOutputs(inputs, standardOutputOf(output), naming);
  requireNoInput(inputs, places);
  for (const place of places) requireWritable(place);
  return places;
}

function defaultOutputs({ list, folder, several }: Inputs, { suffix, extension }: Naming): string[] {
  if (folder !== undefined) {
    const into = unused(`${basename(resolve(folder))}${suffix}`, "", new Set());
    return inFolder(into, list, extension);
  }
  if (several && list.some(({ path }) => path === standardStream))
    throw new CommandError("Name a folder with -o for the results of several inputs", exitCodes.usage);
  const taken = new Set<string>();
  return list.map(({ path, stem }) =>
    path === standardStream ? standardStream : unused(`${stem}${suffix}`, extension, taken),
  );
}

/** The first of `name`, `name-2`, `name-3`, … that is free. */
function unused(name: string, extension: string, taken: Set<string>): string {
  for (let i = 1; ; i++) {
    const path = `${name}${i === 1 ? "" : `-${i}`}${extension}`;
    if (existsSync(path) || taken.has(path)) continue;
    taken.add(path);
    return path;
  }
}

function namedOutputs({ list, several }: Inputs, output: string, { extension }: Naming): string[] {
  if (output === "") throw new CommandError("The output needs a name", exitCodes.usage);
  if (output !== standardStream && (isFolder(output) || output.endsWith("/")))
    return inFolder(output, list, extension);
  if (!several) return [output];
  if (output === standardStream || existsSync(output) || extname(output).toLowerCase() in formats)
    throw new CommandError(`${output} is not a folder, and there are several inputs`, exitCodes.usage);
  return inFolder(output, list, extension);
}

/** A place in the folder for each input. Inputs of one name, such as `a.jpg` and `a.png`, become `a` and `a-2`. */
function inFolder(folder: string, list: readonly Input[], extension: string): string[] {
  const names = new Set(list.map(({ stem }) => stem));
  const taken = new Set<string>();
  return list.map(({ stem }) => {
    let name = stem;
    // A number must not lead to another input's own name.
    for (let i = 2; taken.has(name) || (name !== stem && names.has(name)); i++) name = `${stem}-${i}`;
    taken.add(name);
    return join(folder, `${name}${extension}`);
  });
}

/** A result never replaces a file that the command reads, whatever path leads to it. */
function requireNoInput({ list, beside = [] }: Inputs, places: readonly string[]): void {
  const exists = (path: string) => path !== standardStream && existsSync(path);
  const sources = new Set([...list.map(({ path }) => path), ...beside].filter(exists).map(identity));
  const victim = places.find((place) => exists(place) && sources.has(identity(place)));
  if (victim !== undefined)
    throw new CommandError(
      `${victim} is an input, and the result would replace it; name another output`,
      exitCodes.usage,
    );
}

/** Folders that are missing are made with the first result; here only their nearest ancestor is checked. */
function requireWritable(path: string): void {
  if (path === standardStream || existsSync(path)) return;
  let folder = dirname(path);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  if (!isFolder(folder)) throw new CommandError(`${folder} is not a folder`, exitCodes.usage);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    throw new CommandError(`Nothing can be written into ${folder}`);
  }
}

export const isFolder = (path: string) => existsSync(path) && statSync(path).isDirectory();

/** Identifies a file by device and inode, since it may have several names. */
function identity(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

export const extensionOf = (format: Format) => Object.keys(formats).find((name) => formats[name] === format)!;

/** The format that an output's name asks for. A device, a pipe or a name without extension gets the first. */
export function formatOf(path: string, allowed: readonly Format[]): Format {
  const extension = extname(path).toLowerCase();
  if (path === standardStream || (extension === "" && allowed.length === 1)) return allowed[0]!;
  const format = formats[extension];
  if (format && allowed.includes(format)) return format;
  const names = allowed.map(extensionOf);
  const list = names.length > 1 ? `${names.slice(0, -1).join(", ")} or ${names.at(-1)}` : names[0];
  throw new CommandError(`The output must end in ${list}`, exitCodes.usage);
}

/** The start of a file name from a prompt: its first words, without accents and signs. */
export function stemOf(prompt: string): string {
  const plain = prompt
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .normalize("NFC")
    .toLowerCase();
  const words =
    plain
      .match(/[\p{L}\p{M}\p{N}]+/gu)
      ?.slice(0, 6)
      .join("-") ?? "";
  return [...words].slice(0, 40).join("").replace(/-$/, "") || "picture";
}
