/**
 * The page that a benchmark writes: lines, and tables whose columns are aligned.
 *
 * @module
 */
import { cpus, loadavg } from "node:os";

const lines: string[] = [];

export const say = (line = "") => {
  lines.push(line);
  console.log(line);
};

export function table(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) =>
    say(`| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`);
  line(head);
  say(`| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  for (const row of rows) line(row);
}

/** A part of the page: its title, what is measured, and a table. */
export function part(
  title: string,
  text: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  say();
  say(`## ${title}`);
  say();
  for (const line of text.split("\n")) say(line);
  say();
  table(head, rows);
}

export const write = (path: string) => Bun.write(path, `${lines.join("\n")}\n`);

export const machine = `${process.platform} ${process.arch}, ${cpus()[0]!.model}, ${cpus().length} threads`;

/** The machine's load now, which is printed beside what is measured from now on. */
export const load = () => loadavg()[0]!.toFixed(1);

export const percentile = (times: readonly number[], part: number) =>
  [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * part))] ?? Number.NaN;

/** The median, and the value that 99 of 100 stay below. */
export const both = (times: readonly number[]) =>
  [0.5, 0.99].map((part) => percentile(times, part).toFixed(1)).join(", ");
