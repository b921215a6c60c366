/**
 * A depth map in colours. A map with more pixels than a screen is shown coarsely, and wholly where an enlargement has more to show.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useContext, useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { Zoom } from "../viewer/photo.tsx";
import { type Look, paint, strips } from "./colormap.ts";
import { coarseSize, type Levels } from "./data.ts";

const coarse = new WeakMap<Levels, Levels>();

/** Every n-th pixel of a large map. */
export function coarseOf(levels: Levels): Levels {
  const known = coarse.get(levels);
  if (known) return known;
  const size = coarseSize(levels);
  if (!size) return levels;
  const { width, height } = size;
  const values = new Uint8Array(width * height);
  const xs = Int32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * levels.width) / width));
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * levels.height) / height) * levels.width;
    for (let x = 0; x < width; x++) values[at++] = levels.values[row + xs[x]!]!;
  }
  const made = { values, width, height };
  coarse.set(levels, made);
  return made;
}

function sized(canvas: HTMLCanvasElement, { width, height }: Levels): CanvasRenderingContext2D {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  return canvas.getContext("2d")!;
}

/** Dragging a limit changes the colours many times a second. */
const restMs = 120;
/** Painted between two frames. */
const stripPixels = 5e5;

/** The map in the chosen colours. */
export function DepthMap({ levels, paintedWith }: { levels: Levels; paintedWith: Look }) {
  const small = useRef<HTMLCanvasElement>(null);
  const large = useRef<HTMLCanvasElement>(null);
  const zoom = useContext(Zoom);
  const first = coarseOf(levels);
  const isLarge = first !== levels;
  const wanted = isLarge && (zoom?.value ?? 0) * devicePixelRatio * levels.width > 1.25 * first.width;
  /** What the large canvas shows. */
  const painted = useSignal<{ levels: Levels; look: Look } | undefined>(undefined);
  useLayoutEffect(() => {
    paint(sized(small.current!, first), first.values, paintedWith);
  }, [levels, paintedWith]);
  const isWhole = painted.value?.levels === levels && painted.value.look === paintedWith;
  useEffect(() => {
    if (!wanted || isWhole) return;
    let timer = setTimeout(begin, restMs);
    function begin() {
      const rows = Math.ceil(stripPixels / levels.width);
      const left = strips(sized(large.current!, levels), levels.values, paintedWith, { ...levels, rows });
      const next = () => {
        const { value, done } = left.next();
        if (done) painted.value = { levels, look: paintedWith };
        else {
          value();
          timer = setTimeout(next);
        }
      };
      next();
    }
    return () => clearTimeout(timer);
  }, [levels, paintedWith, wanted, isWhole]);
  const about = { role: "img" as const, "aria-label": "Depth map" };
  return (
    <>
      <canvas ref={small} {...about} hidden={isWhole && wanted} />
      {isLarge && <canvas ref={large} {...about} hidden={!isWhole || !wanted} />}
    </>
  );
}
