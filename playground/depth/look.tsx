/**
 * The colours of a depth map: the canvas, the choice, the legend.
 *
 * @module
 */
import { useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { persisted } from "../state/persisted.ts";
import { Icon } from "../view/icons.tsx";
import { colormaps, type Look, paint } from "./colormap.ts";
import { type DepthResult, type Levels, levelValue, unitText, valueText } from "./data.ts";

export const look = persisted<Look>("look", { colormap: "grey", invert: false, far: 0, near: 255 });

/** A canvas with the map in the chosen colours. */
export function DepthMap({ levels, paintedWith }: { levels: Levels; paintedWith: Look }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    paint(canvas.current!.getContext("2d")!, levels.values, paintedWith);
  }, [levels, paintedWith]);
  return (
    <canvas ref={canvas} width={levels.width} height={levels.height} role="img" aria-label="Depth map" />
  );
}

export const plain: Look = { colormap: "grey", invert: false, far: 0, near: 255 };

/** Colours, direction and range. They stay for the next map. */
export function Colours() {
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
          <label class="inline">
            <span>Near limit</span>
            <input
              type="range"
              min={64}
              max={255}
              value={near}
              onInput={(event) => set({ near: Number(event.currentTarget.value) })}
            />
          </label>
          <label class="inline">
            <span>Far limit</span>
            <input
              type="range"
              min={0}
              max={191}
              value={far}
              onInput={(event) => set({ far: Math.min(Number(event.currentTarget.value), near - 8) })}
            />
          </label>
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
      <canvas ref={canvas} width={256} height={1} />
      <span>{text(255)} near</span>
    </div>
  );
}
