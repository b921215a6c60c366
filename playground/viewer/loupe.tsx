/**
 * A magnifier over the viewer's image. With two images it shows the left one in its left half, the right one in its right half.
 *
 * @module
 */
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Place } from "./viewer.tsx";

/** Diameter in CSS pixels. */
const diameter = 220;
export const leastZoom = 4;

interface Props {
  /** Its middle in the viewport. */
  at: Place;
  /** The same place in the image's pixels. */
  place: Place;
  scale: number;
  width: number;
  height: number;
  /** Elements whose first child holds the image or canvas to magnify. */
  left: { current: HTMLElement | null };
  right: { current: HTMLElement | null };
}

export function Loupe({ at, place, scale, width, height, left, right }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const zoom = Math.max(leastZoom, scale * 2);
  const side = Math.round(diameter * Math.min(devicePixelRatio, 2));
  useLayoutEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    context.clearRect(0, 0, side, side);
    context.imageSmoothingEnabled = false;
    const [before, after] = [pictureIn(left.current), pictureIn(right.current)];
    const shown = diameter / zoom;
    const draw = (picture: HTMLImageElement | HTMLCanvasElement) => {
      const across = sizeOf(picture).width / width;
      const down = sizeOf(picture).height / height;
      context.drawImage(
        picture,
        (place.x - shown / 2) * across,
        (place.y - shown / 2) * down,
        shown * across,
        shown * down,
        0,
        0,
        side,
        side,
      );
    };
    if (after) draw(after);
    if (!before) return;
    context.save();
    context.beginPath();
    context.rect(0, 0, side / 2, side);
    context.clip();
    context.clearRect(0, 0, side, side);
    draw(before);
    context.restore();
    context.fillStyle = "#fff";
    context.fillRect(side / 2 - 1, 0, 2, side);
  });
  const style = {
    left: `${at.x - diameter / 2}px`,
    top: `${at.y - diameter / 2}px`,
    width: `${diameter}px`,
    height: `${diameter}px`,
  };
  return (
    <canvas
      ref={canvas}
      class="loupe"
      width={side}
      height={side}
      style={style}
      role="img"
      aria-label="Magnified"
    />
  );
}

const pictureIn = (layer: HTMLElement | null) =>
  layer?.querySelector<HTMLImageElement | HTMLCanvasElement>(".layer-image > :is(img, canvas):not([hidden])");

const sizeOf = (picture: HTMLImageElement | HTMLCanvasElement) =>
  picture instanceof HTMLImageElement
    ? { width: picture.naturalWidth, height: picture.naturalHeight }
    : { width: picture.width, height: picture.height };
