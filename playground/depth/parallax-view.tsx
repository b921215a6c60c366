/**
 * The picture in motion.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { toast } from "../state/notices.ts";
import { Menu, save } from "../view/controls.tsx";
import { createParallax, type Parallax } from "./parallax.ts";
import { canvasOfLevels, type Parts } from "./parts.ts";
import { record } from "./record.ts";

export function ParallaxView({ levels, picture, name, views }: Parts) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const parallax = useRef<Parallax | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const scale = Math.min(1, 2048 / Math.max(levels.width, levels.height));
  useEffect(() => {
    let disposed = false;
    const start = async () => {
      await picture?.decode();
      if (disposed) return;
      const source = picture ?? canvasOfLevels(levels);
      parallax.current = createParallax(canvas.current!, source, levels);
    };
    start().catch((error: Error) => {
      failure.value = error.message;
    });
    return () => {
      disposed = true;
      parallax.current?.dispose();
    };
  }, [levels, picture]);
  const move = (event: PointerEvent) => {
    const box = canvas.current!.getBoundingClientRect();
    parallax.current?.look(
      ((event.clientX - box.left) / box.width) * 2 - 1,
      ((event.clientY - box.top) / box.height) * 2 - 1,
    );
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
  return (
    <div class="result">
      <div class="viewer-bar">{views}</div>
      <div class="moving">
        {failure.value ? (
          <p class="error" role="alert">
            {failure.value}
          </p>
        ) : (
          <canvas
            ref={canvas}
            class="parallax"
            width={Math.round(levels.width * scale)}
            height={Math.round(levels.height * scale)}
            role="img"
            aria-label="The image in motion: it follows the pointer"
            onPointerMove={move}
          />
        )}
      </div>
      <div class="result-bar">
        <label class="inline">
          <span>Strength</span>
          <input
            type="range"
            min={0}
            max={2.5}
            step={0.05}
            defaultValue="1"
            onInput={(event) => parallax.current?.setStrength(Number(event.currentTarget.value))}
          />
        </label>
        <Menu label="Download" icon="download">
          <button type="button" onClick={film}>
            Film, four seconds
          </button>
          <button
            type="button"
            onClick={() => canvas.current!.toBlob((blob) => blob && save(blob, `${name}-parallax.png`))}
          >
            PNG of this view
          </button>
        </Menu>
      </div>
    </div>
  );
}
