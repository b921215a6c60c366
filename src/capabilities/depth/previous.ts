/**
 * The depth map of the picture before, for sequences.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";
import type { FileRef } from "../../files/file.ts";
import { decodeNpz, NpzError } from "../../images/npz-read.ts";
import type { Size } from "../../images/sizing.ts";
import type { PrepareContext } from "../capability.ts";
import type { EstimateInput } from "./phase.ts";

/** Bytes of an array's header at most, beside its values. */
const HEADER = 65_536;

/** Reads the map behind a reference: the NPZ of an estimate whose picture was of the same size. */
export async function loadPrevious(
  ref: FileRef,
  { width, height }: Size,
  context: PrepareContext,
): Promise<NonNullable<EstimateInput["previous"]>> {
  const { path } = await context.resolve(ref, "align_to");
  const file = new Uint8Array(await Bun.file(path).arrayBuffer());
  const { depth, range } = await decodeNpz(file, ["depth", "range"], width * height * 4 + HEADER).catch(
    (error: unknown) => {
      throw error instanceof NpzError ? refused(error.message) : error;
    },
  );
  if (depth?.shape.length !== 2) throw refused("it has no depth array");
  const [rows, columns] = depth.shape as [number, number];
  if (rows !== height || columns !== width)
    throw refused(`its map is ${columns}x${rows}, the picture ${width}x${height}`);
  if (!(depth.data instanceof Float32Array)) throw refused("its depth array is not float32");
  const [farthest, nearest] = range?.data ?? [];
  const ends =
    Number.isFinite(farthest) && Number.isFinite(nearest) ? ([farthest!, nearest!] as const) : undefined;
  return { depth: depth.data, ...(ends && { ends }) };
}

const refused = (reason: string) => new Refusal("invalid_reference", `align_to cannot be used: ${reason}`);
