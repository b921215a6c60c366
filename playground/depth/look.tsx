/**
 * The colours of a depth map: the choice, the histogram, the legend.
 *
 * @module
 */
import { useSignalEffect } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { persisted } from "../state/persisted.ts";
import { Slider } from "../view/controls.tsx";
import { Icon } from "../view/icons.tsx";
import { colormaps, type Look, paint, plain } from "./colormap.ts";
import { type DepthResult, type Levels, levelValue, metres, unitText, valueText } from "./data.ts";
import { coarseOf } from "./map.tsx";

export const look = persisted<Look>("look", { colormap: "grey", invert: false, far: 0, near: 255 });

/** Colours, direction and range. They stay for the next map. */
export function Colours({ levels, result }: { levels: Levels; result: DepthResult }) {
  const set = (change: Partial<Look>) => {
    look.value = { ...look.value, ...change };
  };
  const { colormap, invert, far, near } = look.value;
  return (
    <div class="look">
      <fieldset class="swatches">
        <legend class="hidden">Colours</legend>
        {Object.keys(colormaps).map((name) => (
          <label key={name} title={name}>
            <input
              type="radio"
              name="colormap"
              value={name}
              checked={colormap === name}
              onChange={() => set({ colormap: name })}
            />
            <Swatch name={name} />
            <span class="hidden">{name}</span>
          </label>
        ))}
      </fieldset>
      <details class="menu">
        <summary class="button quiet">
          <Icon name="settings" />
          Range
        </summary>
        <div class="menu-items menu-form">
          <label class="check">
            <input
              type="checkbox"
              checked={invert}
              onChange={(event) => set({ invert: event.currentTarget.checked })}
            />
            <span>Invert (far = bright)</span>
          </label>
          <Histogram levels={levels} />
          <Slider
            label="Near limit"
            value={near}
            set={(level) => set({ near: Math.max(level, far + 8) })}
            min={64}
            max={255}
            step={1}
            words={valueText(levelValue(near, result), result.depth_unit)}
          />
          <Slider
            label="Far limit"
            value={far}
            set={(level) => set({ far: Math.min(level, near - 8) })}
            min={0}
            max={191}
            step={1}
            words={valueText(levelValue(far, result), result.depth_unit)}
          />
          <button type="button" class="quiet" onClick={() => set({ invert: false, near: 255, far: 0 })}>
            Reset
          </button>
        </div>
      </details>
    </div>
  );
}

function Swatch({ name }: { name: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const levels = new Uint8Array(256).map((_, level) => level);
    paint(canvas.current!.getContext("2d")!, levels, { ...plain, colormap: name });
  }, [name]);
  return <canvas ref={canvas} width={256} height={1} />;
}

const bars = { width: 256, height: 48 };

/** How many pixels have each level; what the limits leave out is faint. */
function Histogram({ levels }: { levels: Levels }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const counts = useMemo(() => {
    const counted = new Uint32Array(256);
    for (const level of coarseOf(levels).values) counted[level]!++;
    return counted;
  }, [levels]);
  const { far, near } = look.value;
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    const most = Math.max(...counts, 1);
    context.clearRect(0, 0, bars.width, bars.height);
    context.fillStyle = getComputedStyle(canvas.current!).color;
    counts.forEach((count, level) => {
      context.globalAlpha = level < far || level > near ? 0.25 : 1;
      const height = Math.sqrt(count / most) * bars.height;
      context.fillRect(level, bars.height - height, 1, height);
    });
  }, [counts, far, near]);
  return (
    <canvas
      ref={canvas}
      class="histogram"
      {...bars}
      role="img"
      aria-label="Pixels by distance, far to near"
    />
  );
}

/** Round distances along the legend, no two closer than a fifth of it. */
export function ticksOf(result: DepthResult): { text: string; share: number }[] {
  const { min_depth: min, max_depth: max, depth_unit: unit } = result;
  if (unit !== "metre" || !(min > 0) || !(max > min)) return [];
  const ticks: { text: string; share: number }[] = [];
  for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++)
    for (const first of [1, 2, 5]) {
      const value = first * 10 ** power;
      const share = (1 / value - 1 / max) / (1 / min - 1 / max);
      const last = ticks.at(-1)?.share ?? 1;
      if (share >= 0.15 && share <= 0.85 && last - share >= 0.2) ticks.push({ text: metres(value), share });
    }
  return ticks;
}

/** The colours with their values. */
export function Legend({ result }: { result: DepthResult }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useSignalEffect(() => {
    const levels = new Uint8Array(256).map((_, level) => level);
    if (canvas.current) paint(canvas.current.getContext("2d")!, levels, look.value);
  });
  const text = (level: number) => valueText(levelValue(level, result), result.depth_unit);
  return (
    <div class="legend" title={unitText[result.depth_unit]}>
      <span>far {text(0)}</span>
      <span class="legend-scale">
        <canvas ref={canvas} width={256} height={1} />
        {ticksOf(result).map((tick) => (
          <small key={tick.text} style={{ left: `${tick.share * 100}%` }}>
            {tick.text}
          </small>
        ))}
      </span>
      <span>{text(255)} near</span>
    </div>
  );
}
