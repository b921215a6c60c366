/**
 * Values of options as commander reads them.
 *
 * @module
 */
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
  const [, path, scale] = /^(.+?)(?::(-?\d*\.?\d+))?$/.exec(text) ?? [];
  if (!path) throw new InvalidArgumentError("It must be a path.");
  return [...before, { path, scale: scale === undefined ? 1 : Number(scale) }];
}
