/**
 * Which of a model's downloads is on this machine. Reads the disk only.
 *
 * @module
 */
import type { Download, Variant } from "../capabilities/capability.ts";
import { ofCopy, wholes } from "../capabilities/downloads.ts";
import { missing, type Places } from "./download/resources.ts";

type Downloadable = Pick<Variant, "downloads" | "copies" | "bits">;

export const isWhole = (downloads: readonly Download[], places: Places): boolean =>
  downloads.every((download) => missing(download, places).length === 0);

/** Of published weights that are not quantized. */
export const mostBits = 16;

/** A model with the downloads that are here; of several, those with the most bits. The published ones where none are. */
export function asInstalled<V extends Downloadable>(variant: V, places: Places): V {
  const { copies = [], bits = mostBits } = variant;
  const here = copies.find(({ downloads }) => isWhole(downloads, places));
  if (!here || (bits > here.bits && isWhole(variant.downloads, places))) return variant;
  return ofCopy(variant, here);
}

/** Bits of the weights that requests use now; undefined where a model is published in one form alone. */
export const bitsInUse = (variant: Downloadable, places: Places): number | undefined =>
  variant.copies?.length ? (asInstalled(variant, places).bits ?? mostBits) : undefined;

/** Downloads that make some of these models whole, and must stay when others are removed. */
export const neededBy = (variants: readonly Downloadable[], places: Places): Download[] =>
  variants
    .flatMap(wholes)
    .filter((downloads) => isWhole(downloads, places))
    .flat();
