/**
 * Where pictures on the command line come from and go to. A wrong name is told before anything is started.
 *
 * @module
 */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { standardOutput } from "./client.ts";
import { CommandError, exitCodes } from "./context.ts";

const formats: Record<string, string> = { ".png": "png", ".jpg": "jpeg", ".jpeg": "jpeg", ".webp": "webp" };

/** A slip in a path should not cost the start of a server. */
export function requireFiles(paths: readonly string[]): void {
  for (const path of paths) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) throw new CommandError(`${path} is a folder, not a picture`, exitCodes.usage);
    if (!stat) throw new CommandError(`There is no file ${path || '""'}`);
  }
}

/** Nor should one in a place cost a job. */
function requirePlace(path: string): void {
  if (path === standardOutput) return;
  if (path === "") throw new CommandError("The output needs a name", exitCodes.usage);
  const folder = path.endsWith("/") ? path : dirname(path);
  if (!isFolder(folder)) throw new CommandError(`There is no folder ${folder}`, exitCodes.usage);
  if (existsSync(path)) return;
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    throw new CommandError(`Nothing can be written into ${folder}`);
  }
}

/** A redirected `/dev/stdout` is the file behind it, which the shell holds open already. */
export const standardOutputOf = (path: string) => (path === "/dev/stdout" ? standardOutput : path);

/** One input goes to the path itself, several go into a folder under their own names. None of them may fall victim to that. */
export function placesFor(inputs: readonly string[], output: string, extension: string): string[] {
  requirePlace(output);
  const folder = isFolder(output);
  if (inputs.length > 1 && !folder)
    throw new CommandError(`${output} is not a folder, and there are several inputs`, exitCodes.usage);
  if (!folder) return [output];
  const places = inputs.map((input) => join(output, `${basename(input, extname(input))}${extension}`));
  const twice = places.find((place, i) => places.indexOf(place) !== i);
  if (twice !== undefined)
    throw new CommandError(
      `Several of the inputs would go to ${twice}; give each an output of its own`,
      exitCodes.usage,
    );
  const sources = new Set(inputs.filter((input) => existsSync(input)).map(identity));
  const victim = places.find((place) => existsSync(place) && sources.has(identity(place)));
  if (victim !== undefined)
    throw new CommandError(
      `${victim} is an input, and the result would replace it; name another folder, or the file itself`,
      exitCodes.usage,
    );
  return places;
}

export const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** A file by what it is and not by its name, of which it may have several. */
function identity(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}:${ino}`;
}

export function formatOf(path: string): string {
  if (path === standardOutput) return "png";
  const format = formats[extname(path).toLowerCase()];
  if (!format) throw new CommandError("The output must end in .png, .jpg or .webp", exitCodes.usage);
  return format;
}
