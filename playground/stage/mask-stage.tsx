/**
 * The image under a brush: what is painted is what an edit repaints. Pointer, touch and keys paint.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Picture } from "../state/inputs.ts";
import {
  addStroke,
  brush,
  clearStrokes,
  drawStrokes,
  feather,
  painting,
  type Stroke,
  strokes,
  undoStroke,
} from "../state/mask.ts";
import { announce } from "../state/notices.ts";
import { Segments, Slider } from "../view/controls.tsx";

/** Longest side of the canvas that shows the marks. */
const shownSide = 1024;
const least = 0.01;
const largest = 0.4;

export function MaskStage({ picture }: { picture: Picture }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const ring = useRef<HTMLDivElement>(null);
  const open = useSignal<Stroke | undefined>(undefined);
  const cursor = useSignal<readonly [number, number]>([0.5, 0.5]);
  const { width, height } = { width: picture.width!, height: picture.height! };
  const scale = Math.min(1, shownSide / Math.max(width, height));

  useLayoutEffect(() => {
    const context = canvas.current!.getContext("2d")!;
    drawStrokes(context, open.value ? [...strokes.value, open.value] : strokes.value, feather.value);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = "#ff3d6e";
    context.fillRect(0, 0, context.canvas.width, context.canvas.height);
    context.globalCompositeOperation = "source-over";
  }, [strokes.value, open.value, feather.value, picture]);
  useEffect(() => {
    canvas.current!.focus({ preventScroll: true });
    document.querySelector(".stage")?.scrollIntoView({ block: "start" });
  }, []);

  const placeOf = (event: PointerEvent): readonly [number, number] => {
    const box = canvas.current!.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const showRing = ([x, y]: readonly [number, number]) => {
    cursor.value = [x, y];
    const box = canvas.current!;
    const side = brush.value.size * Math.max(box.clientWidth, box.clientHeight);
    Object.assign(ring.current!.style, {
      left: `${x * 100}%`,
      top: `${y * 100}%`,
      width: `${side}px`,
      height: `${side}px`,
    });
  };
  const close = () => {
    if (!open.value) return;
    addStroke(open.value);
    open.value = undefined;
  };
  const resize = (factor: number) => {
    brush.value = { ...brush.value, size: Math.min(Math.max(brush.value.size * factor, least), largest) };
    showRing(cursor.value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 0.1 : 0.02;
    const [x, y] = cursor.value;
    const within = (value: number) => Math.min(Math.max(value, 0), 1);
    const dab = () => {
      addStroke({ ...brush.value, points: [cursor.value] });
      announce(brush.value.erase ? "Erased" : "Painted");
    };
    const keys: Record<string, () => void> = {
      ArrowLeft: () => showRing([within(x - step), y]),
      ArrowRight: () => showRing([within(x + step), y]),
      ArrowUp: () => showRing([x, within(y - step)]),
      ArrowDown: () => showRing([x, within(y + step)]),
      " ": dab,
      "[": () => resize(0.8),
      "]": () => resize(1.25),
      e: () => {
        brush.value = { ...brush.value, erase: !brush.value.erase };
      },
      Escape: () => {
        painting.value = false;
      },
    };
    if ((event.ctrlKey || event.metaKey) && event.key === "z") undoStroke();
    else if (event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    else keys[event.key]!();
    // The page's own keys step through the results.
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="result">
      <div class="viewer-bar">
        <Segments
          label="Brush"
          name="brush"
          value={brush.value.erase ? "erase" : "paint"}
          set={(next) => {
            brush.value = { ...brush.value, erase: next === "erase" };
          }}
          options={[
            { value: "paint", label: "Paint" },
            { value: "erase", label: "Erase" },
          ]}
        />
        <Slider
          label="Brush size"
          value={brush.value.size}
          set={(size) => {
            brush.value = { ...brush.value, size };
            showRing(cursor.value);
          }}
          min={least}
          max={largest}
          step={0.005}
        />
        <Slider
          label="Soft edge"
          value={feather.value}
          set={(soft) => {
            feather.value = soft;
          }}
          min={0}
          max={0.05}
          step={0.0025}
        />
        <span class="row mask-actions">
          <button type="button" class="quiet" onClick={undoStroke} disabled={strokes.value.length === 0}>
            Undo
          </button>
          <button type="button" class="quiet" onClick={clearStrokes} disabled={strokes.value.length === 0}>
            Clear
          </button>
          <button type="button" onClick={() => (painting.value = false)}>
            Done
          </button>
        </span>
      </div>
      <div class="moving mask-room">
        <div class="mask-place" style={{ "--ratio": String(width / height) }}>
          <img src={picture.url!} alt={picture.name} width={width} height={height} draggable={false} />
          {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a drawing surface with keys of its own */}
          <canvas
            ref={canvas}
            width={Math.round(width * scale)}
            height={Math.round(height * scale)}
            tabIndex={0}
            role="application"
            aria-label="Paint what is to change. Arrow keys move the brush, space paints, brackets change its size, E erases."
            onKeyDown={onKeyDown}
            onPointerDown={(event) => {
              if (event.button !== 0) return;
              canvas.current!.setPointerCapture(event.pointerId);
              open.value = { ...brush.value, points: [placeOf(event)] };
            }}
            onPointerMove={(event) => {
              showRing(placeOf(event));
              if (open.value) open.value = { ...open.value, points: [...open.value.points, placeOf(event)] };
            }}
            onPointerUp={close}
            onPointerCancel={close}
          />
          <div ref={ring} class="brush-ring" aria-hidden="true" />
        </div>
      </div>
    </div>
  );
}
