/**
 * Values of options as commander reads them.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { InvalidArgumentError } from "commander";

export function whole(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

export function positive(text: string): number {
  if (!/^\d+$/.test(text) || Number(text) === 0)
    throw new InvalidArgumentError("It must be a whole number above 0.");
  return Number(text);
}

export const size = (text: string) => (/^\d+$/.test(text) ? Number(text) : text);

export function real(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

export function lora(
  text: string,
  before: { path: string; scale: number }[] = [],
): { path: string; scale: number }[] {
  if (text === "") throw new InvalidArgumentError("It must be a path or a name.");
  const [, path, scale] = /^(.+):([^:/]*)$/.exec(text) ?? [];
  // The whole may be the name of a file with a colon in it.
  if (path === undefined || existsSync(text)) return [...before, { path: text, scale: 1 }];
  if (!/^-?\d*\.?\d+$/.test(scale!))
    throw new InvalidArgumentError(
      `Its strength, ${JSON.stringify(scale)}, is no number: write ${path}:0.8, or ${path} for all of it.`,
    );
  return [...before, { path, scale: Number(scale) }];
}

/** Two shares with a colon between them. */
export function interval(text: string): [number, number] {
  const [from, to, ...more] = text
    .split(":")
    .map((share) => (share.trim() === "" ? Number.NaN : Number(share)));
  if (more.length > 0 || !Number.isFinite(from) || !Number.isFinite(to))
    throw new InvalidArgumentError("It must be two numbers with a colon between them, such as 0:0.6.");
  return [from!, to!];
}
