/**
 * Which files a command makes, where its results are several: the output's extension decides, or `--as`.
 *
 * @module
 */
import { extname } from "node:path";
import type { Verb, VerbFile } from "../capabilities/family.ts";
import { CommandError, exitCodes } from "./context.ts";
import { type Inputs, isFolder, type Naming, outputsFor } from "./picture-paths.ts";
import { standardStream } from "./remote-file.ts";

/** A file that is made, with a place for each input. */
export interface Wanted {
  file: VerbFile;
  places: readonly string[];
}

export interface Choice {
  /** What `--as` lists. */
  as?: string | undefined;
  /** Files requested by their own option, such as `--stereo`. */
  flags: readonly string[];
  output?: string | undefined;
}

/** The files and their places. A wrong name is reported before anything starts. */
export function filesWanted(
  { suffix }: Verb,
  files: readonly VerbFile[],
  inputs: Inputs,
  { as, flags, output }: Choice,
): Wanted[] {
  const listed = as?.split(",").map((name) => name.trim());
  const unknown = listed?.find((name) => !files.some((file) => file.name === name));
  if (unknown !== undefined)
    throw new CommandError(
      `--as knows no ${unknown || '""'}; there are ${files.map(({ name }) => name).join(", ")}`,
      exitCodes.usage,
    );
  if (inputs.several && output !== undefined && !isFolder(output))
    if (files.some((file) => endings(file).includes(extname(output).toLowerCase())))
      throw new CommandError(`${output} is not a folder, and there are several inputs`, exitCodes.usage);
  const named = files.filter(({ name }) => flags.includes(name) || listed?.includes(name));
  const toFile =
    output !== undefined && output !== standardStream && !isFolder(output) && !output.endsWith("/");
  const extension = toFile ? extname(output).toLowerCase() : "";
  if (named.length > 1) {
    if (output === standardStream)
      throw new CommandError("Only one file can go to standard output", exitCodes.usage);
    // `room.glb` and `room` both name the start of all names, where one picture becomes several files.
    const stem = toFile && !inputs.several ? output.slice(0, output.length - extension.length) : undefined;
    return named.map((file) => ({
      file,
      places:
        stem === undefined
          ? outputsFor(inputs, output, namingOf(file, file.suffix ?? suffix, true))
          : outputsFor(inputs, `${stem}${file.suffix ?? ""}${file.extension}`, namingOf(file, suffix, true)),
    }));
  }
  const file = named[0] ?? byExtension(files, extension);
  if (extension !== "" && !inputs.several && !endings(file).includes(extension))
    throw new CommandError(`The output must end in ${endings(file).join(" or ")}`, exitCodes.usage);
  return [{ file, places: outputsFor(inputs, output, namingOf(file, file.suffix ?? suffix, false)) }];
}

/** The file that an extension alone means: the first one without an option of its own. */
function byExtension(files: readonly VerbFile[], extension: string): VerbFile {
  if (extension === "") return files[0]!;
  const having = files.filter((file) => endings(file).includes(extension));
  const plain = having.find(({ option }) => option === undefined);
  if (plain) return plain;
  if (having.length > 0)
    throw new CommandError(
      `For a ${extension} say which: ${having.map(({ name }) => `--${name}`).join(" or ")}`,
      exitCodes.usage,
    );
  const all = [...new Set(files.map((file) => file.extension))];
  throw new CommandError(
    `The output must end in ${all.slice(0, -1).join(", ")} or ${all.at(-1)}`,
    exitCodes.usage,
  );
}

const endings = ({ extension }: VerbFile) => (extension === ".jpg" ? [".jpg", ".jpeg"] : [extension]);

/** In a folder, suffixes distinguish several files of one picture. */
function namingOf({ extension, suffix = "" }: VerbFile, ending: string, several: boolean): Naming {
  return { suffix: ending, extension: several ? `${suffix}${extension}` : extension };
}

/** Request fields for all these files; lists are joined. */
export function bodyFor(wanted: readonly Wanted[]): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const { file } of wanted)
    for (const [field, value] of Object.entries(file.body)) {
      const before = body[field];
      body[field] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
    }
  return body;
}
