/**
 * Expected results of models for the drawn room, and the earlier results of this machine. Pure functions but for one small file.
 *
 * @module
 */

import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { writeAtomicSync } from "../disk/write-atomic.ts";
import type { Scene } from "./scene.ts";

/** A result as grey values from 0 to 1. */
export interface Grey {
  width: number;
  height: number;
  values: Float32Array;
}

const side = 8;
/** Of the pairs of places whose distance differs clearly, the share that a depth map may get the wrong way round. */
const mostWrong = 0.3;
/** How far a cell may be off: on the same machine, on another processor, where half precision is computed in. */
export const tolerances = { same: 0.001, processor: 0.001, half: 0.03 } as const;

/** The mean of each of 8×8 cells: what a wrong result changes and rounding does not. */
export function cellsOf({ width, height, values }: Grey): number[] {
  return Array.from({ length: side * side }, (_, cell) => {
    const [row, column] = [Math.floor(cell / side), cell % side];
    const [top, bottom] = [row, row + 1].map((edge) => Math.floor((edge * height) / side)) as [
      number,
      number,
    ];
    const [left, right] = [column, column + 1].map((edge) => Math.floor((edge * width) / side)) as [
      number,
      number,
    ];
    let sum = 0;
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += values[y * width + x]!;
    return Number((sum / ((bottom - top) * (right - left))).toFixed(5));
  });
}

/** The share of pairs of places that a depth map, near is bright, puts in the right order. */
export function orderRight(map: Grey, { width, height, depth }: Scene): number {
  const places = Array.from({ length: 16 * 12 }, (_, i) => {
    const [u, v] = [((i % 16) + 0.5) / 16, (Math.floor(i / 16) + 0.5) / 12];
    return {
      seen: map.values[Math.floor(v * map.height) * map.width + Math.floor(u * map.width)]!,
      near: 1 / depth[Math.floor(v * height) * width + Math.floor(u * width)]!,
    };
  });
  let right = 0;
  let pairs = 0;
  for (const [i, a] of places.entries())
    for (const b of places.slice(i + 1)) {
      if (Math.max(a.near, b.near) < 1.25 * Math.min(a.near, b.near)) continue;
      pairs++;
      if (a.seen !== b.seen && a.seen > b.seen === a.near > b.near) right++;
    }
  return right / pairs;
}

/** What must be so with any weights that were learned. Gives words for it, or throws when it is not so. */
export function requirePlausible(map: Grey, room: Scene | null): string {
  const { values } = map;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  if (!(spread > 0.004)) throw new Error("the result is of one single colour");
  if (room === null) return `mean ${mean.toFixed(2)}, spread ${spread.toFixed(2)}`;
  const right = orderRight(map, room);
  const share = `${Math.round(100 * right)} % of near and far in a drawn room are in the right order`;
  if (right < 1 - mostWrong) throw new Error(`only ${share}: the weights are not those of a depth model`);
  return share;
}

/** The largest difference of two results. */
export function apart(cells: readonly number[], others: readonly number[]): number {
  return cells.reduce((most, value, i) => {
    const difference = Math.abs(value - others[i]!);
    return difference > most || Number.isNaN(difference) ? difference : most;
  }, 0);
}

/** Compares with an expectation; throws when the result is another one. */
export function requireLike(
  cells: readonly number[],
  wanted: readonly number[],
  most: number,
  whose: string,
): string {
  const found = apart(cells, wanted);
  if (!(found <= most))
    throw new Error(`the result differs by ${found.toFixed(4)} from ${whose}; at most ${most} is allowed`);
  return `like ${whose} (differs by ${found.toFixed(4)}, at most ${most} is allowed)`;
}

/** The result of a good run on this machine. */
export interface Kept {
  /** Hash of all weights. */
  weights: string;
  device: string;
  version: string;
  date: string;
  cells: number[];
}

/** What this machine keeps, by model. A file that cannot be read counts as none. */
export function readKept(file: string): Record<string, Kept> {
  try {
    const kept = JSON.parse(readFileSync(file, "utf8")) as Record<string, Kept>;
    return Object.fromEntries(Object.entries(kept).filter(([, { cells, weights }]) => cells && weights));
  } catch {
    return {};
  }
}

/** Keeps a result; says why when the disk does not take it, which is no fault of the model. */
export function keep(file: string, name: string, result: Kept): string | undefined {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeAtomicSync(file, JSON.stringify({ ...readKept(file), [name]: result }), { durable: false });
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** A run of a model in this check. */
export type Now = Omit<Kept, "date">;

/**
 * Compares a result with the stored one. It is to be stored if there is no result of this version and device yet.
 *
 * @throws When the same weights give something else, or when the weights of a path of one's own are not those of the last check.
 */
export function requireAsKept(
  before: Kept | undefined,
  now: Now,
  { name, verified }: { name: string; verified: boolean },
): { words: string; keep: boolean } {
  if (before && before.weights !== now.weights && !verified)
    throw new Error(
      `the weights are not those of the check on ${before.date}; if that is meant: easel check --model ${name} --renew`,
    );
  const known =
    before?.weights === now.weights && before.version === now.version && before.device === now.device;
  if (!known) return { words: "nothing to compare with yet, kept for the next check", keep: true };
  return {
    words: requireLike(
      now.cells,
      before.cells,
      tolerances.same,
      `this machine's own result of ${before.date}`,
    ),
    keep: false,
  };
}
