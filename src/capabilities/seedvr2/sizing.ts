import { Refusal } from "../../errors.ts";

/** What `resolution` asks for: pixels of the shorter side, or a factor. */
export type Target = { pixels: number } | { factor: number };

export interface SizeLimits {
  minResolution: number;
  maxResolution: number;
  maxScale: number;
}

/** Reads `resolution` as the original does, in its words, without the texts that it let through. */
export function readResolution(resolution: number | string, limits: SizeLimits): Target {
  const { minResolution, maxResolution, maxScale } = limits;
  const inRange = (pixels: number): Target => {
    if (pixels < minResolution || pixels > maxResolution)
      throw new Refusal("invalid_parameter", `resolution must be in ${minResolution}..${maxResolution}`);
    return { pixels };
  };
  if (typeof resolution === "number") return inRange(resolution);
  if (resolution.endsWith("x")) {
    if (!/^\d+(\.\d+)?x$/.test(resolution))
      throw new Refusal("invalid_parameter", "resolution scale must look like '2x' or '1.5x'");
    const factor = Number(resolution.slice(0, -1));
    if (factor <= 0 || factor > maxScale)
      throw new Refusal("invalid_parameter", `resolution scale must be > 0 and <= ${decimal(maxScale)}x`);
    return { factor };
  }
  if (!/^\s*\d+\s*$/.test(resolution))
    throw new Refusal(
      "invalid_parameter",
      "resolution must be an integer shortest-edge target or a scale like '2x'",
    );
  return inRange(Number(resolution));
}

const decimal = (value: number) => (Number.isInteger(value) ? value.toFixed(1) : String(value));

const step = 16;

/**
 * Width and height of the result. A factor is brought down to a multiple of 16 on the shorter side, both sides end even: so were
 * the pictures that the network learned from.
 */
export function resultSize(width: number, height: number, target: Target): { width: number; height: number } {
  const shorter = Math.min(width, height);
  const pixels = "pixels" in target ? target.pixels : multipleBelow(target.factor * shorter);
  const scale = pixels / shorter;
  const even = (side: number) => Math.floor(Math.trunc(side * scale) / 2) * 2;
  return { width: even(width), height: even(height) };
}

const multipleBelow = (side: number) => Math.trunc(side - (side % step));

/** Refuses a result that is nothing, or more than this server makes. */
export function checkResultSize(
  { width, height }: { width: number; height: number },
  maxPixels: number,
): void {
  if (width < step || height < step)
    throw new Refusal(
      "invalid_parameter",
      `the result would have ${width}x${height} pixels; ask for a larger resolution`,
    );
  if (width * height > maxPixels)
    throw new Refusal(
      "invalid_parameter",
      `the result would have ${width}x${height} pixels, exceeding the cap of ${maxPixels}; ask for a smaller resolution`,
    );
}
