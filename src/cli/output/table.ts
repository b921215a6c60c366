import { escaped } from "../../log.ts";

/**
 * Columns padded to their widest cell, two blanks between them, nothing at the end of a line. Names of files may hold line breaks and
 * commands to a terminal, so each cell is escaped.
 */
export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(escaped));
  const widths = (cells[0] ?? []).map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

export function bytes(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} GB`;
  return count >= 1e6 ? `${(count / 1e6).toFixed(1)} MB` : `${Math.ceil(count / 1000)} kB`;
}

export function gigabytes(value: number): string {
  return `~${Number(value.toPrecision(6))} GB`;
}
