/**
 * The picture with effects of its depth: motion, focus, fog and stereo.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { toast } from "../state/notices.ts";
import { Menu, Segments, Slider } from "../view/controls.tsx";
import { FullScreen } from "../view/full-screen.tsx";
import { save } from "../view/save.ts";
import { createParallax, type Effect, type Parallax } from "./parallax.ts";
import { canvasOfLevels, type Parts } from "./parts.ts";
import { record } from "./record.ts";

const effects: readonly { value: Effect; label: string; title: string }[] = [
  { value: "motion", label: "Motion", title: "Follows the pointer, or the phone" },
  { value: "focus", label: "Focus", title: "Click what is to be sharp" },
  { value: "fog", label: "Fog", title: "Thicker with distance" },
  { value: "anaglyph", label: "Anaglyph", title: "For red and cyan glasses" },
  { value: "stereo", label: "Side by side", title: "A pair for VR viewers" },
];

export function ParallaxView({ levels, picture, name, views }: Parts) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const parallax = useRef<Parallax | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const effect = useSignal<Effect>("motion");
  const focus = useSignal(0.8);
  const strength = useSignal(1);
  const scale = Math.min(1, 2048 / Math.max(levels.width, levels.height));
  useEffect(() => {
    let disposed = false;
    const start = async () => {
      await picture?.decode();
      if (disposed) return;
      parallax.current = createParallax(canvas.current!, picture ?? canvasOfLevels(levels), levels);
    };
    start().catch((error: Error) => {
      failure.value = error.message;
    });
    // A phone that is tilted looks past the edge of the picture.
    const tilt = ({ gamma, beta }: DeviceOrientationEvent) => {
      if (gamma !== null && beta !== null) parallax.current?.look(gamma / 25, (beta - 45) / 25);
    };
    addEventListener("deviceorientation", tilt);
    return () => {
      disposed = true;
      removeEventListener("deviceorientation", tilt);
      parallax.current?.dispose();
    };
  }, [levels, picture]);
  const shareOf = (event: PointerEvent | MouseEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  };
  const setFocus = (nearness: number) => {
    focus.value = nearness;
    parallax.current?.setFocus(nearness);
  };
  const move = (event: PointerEvent) => {
    const { x, y } = shareOf(event);
    parallax.current?.look(x * 2 - 1, y * 2 - 1);
  };
  const point = (event: MouseEvent) => {
    if (effect.value !== "focus") return;
    const { x, y } = shareOf(event);
    const [column, row] = [Math.floor(x * levels.width), Math.floor(y * levels.height)];
    setFocus((levels.values[row * levels.width + column] ?? 0) / 255);
  };
  const film = async () => {
    toast("Recording four seconds…");
    try {
      const blob = await record(canvas.current!);
      save(blob, `${name}-parallax.${blob.type.endsWith("mp4") ? "mp4" : "webm"}`);
    } catch (error) {
      toast((error as Error).message);
    }
  };
  // A stereo pair is twice as wide as the picture.
  const pair = effect.value === "stereo" ? 2 : 1;
  return (
    <div class="result">
      <div class="viewer-bar">
        {views}
        <Segments
          label="Effect"
          name="effect"
          options={effects}
          value={effect.value}
          set={(next) => {
            effect.value = next;
            parallax.current?.setEffect(next);
          }}
        />
        <FullScreen />
      </div>
      <div class="moving">
        {failure.value ? (
          <p class="error" role="alert">
            {failure.value}
          </p>
        ) : (
          <canvas
            ref={canvas}
            class="parallax"
            width={Math.round(levels.width * scale) * pair}
            height={Math.round(levels.height * scale)}
            role="img"
            aria-label={effects.find(({ value }) => value === effect.value)!.title}
            onPointerMove={move}
            onClick={point}
          />
        )}
      </div>
      <div class="result-bar">
        <Slider
          label="Strength"
          value={strength.value}
          set={(factor) => {
            strength.value = factor;
            parallax.current?.setStrength(factor);
          }}
          min={0}
          max={2.5}
          step={0.05}
        />
        {effect.value === "focus" && (
          <Slider
            label="Sharp distance, far to near"
            value={focus.value}
            set={setFocus}
            min={0}
            max={1}
            step={0.01}
          />
        )}
        <Menu label="Download" icon="download">
          {effect.value === "motion" && (
            <button type="button" onClick={film}>
              Film, four seconds
            </button>
          )}
          <button
            type="button"
            onClick={() =>
              canvas.current!.toBlob((blob) => blob && save(blob, `${name}-${effect.value}.png`))
            }
          >
            PNG of this view
          </button>
        </Menu>
      </div>
    </div>
  );
}
export { page } from "../whole.ts";
