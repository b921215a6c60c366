import type { Place } from "./viewer.tsx";

const columns = 96;
/** Cells of the small copy that are looked at together. */
const span = 12;

/** The middle of the part with the most detail, in the image's pixels: there an enlargement is judged best. */
export function mostDetailed(image: HTMLImageElement): Place {
  const rows = Math.max(span, Math.round((columns * image.naturalHeight) / image.naturalWidth));
  const context = new OffscreenCanvas(columns, rows).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(image, 0, 0, columns, rows);
  const { data } = context.getImageData(0, 0, columns, rows);
  const green = (x: number, y: number) => data[(y * columns + x) * 4 + 1]!;
  const detail = (x: number, y: number) =>
    Math.abs(green(x, y) - green(x + 1, y)) + Math.abs(green(x, y) - green(x, y + 1));
  let best = { x: columns / 2, y: rows / 2, sum: -1 };
  for (let top = 0; top + span < rows; top += span / 2)
    for (let left = 0; left + span < columns; left += span / 2) {
      let sum = 0;
      for (let y = top; y < top + span; y++) for (let x = left; x < left + span; x++) sum += detail(x, y);
      if (sum > best.sum) best = { x: left + span / 2, y: top + span / 2, sum };
    }
  return { x: (best.x / columns) * image.naturalWidth, y: (best.y / rows) * image.naturalHeight };
}
