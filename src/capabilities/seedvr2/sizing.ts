import { Refusal } from "../../errors.ts";
import { step, type Target } from "./result-size.ts";

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

interface Size {
  width: number;
  height: number;
}

/** Refuses a result that is too small for the network, or larger than this server makes. */
export function checkResultSize({ width, height }: Size, input: Size, maxPixels: number): void {
  if (width < step || height < step)
    throw new Refusal(
      "invalid_parameter",
      `a picture of ${input.width}x${input.height} is too small for this resolution: both sides of the result must have at least ` +
        `${step} pixels; ask for more, such as resolution 64`,
    );
  if (width * height > maxPixels)
    throw new Refusal(
      "invalid_parameter",
      `the result would have ${width}x${height} pixels, exceeding the cap of ${maxPixels}; ask for a smaller resolution`,
    );
}
