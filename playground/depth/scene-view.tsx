/**
 * The body in space.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { toast } from "../state/notices.ts";
import { Menu, Segments, Slider } from "../view/controls.tsx";
import { FullScreen } from "../view/full-screen.tsx";
import { save } from "../view/save.ts";
import type { DepthData } from "./data.ts";
import { canvasOfLevels, type Parts } from "./parts.ts";
import { createScene, type DepthScene, type Drawing } from "./scene.ts";

const drawings: readonly { value: Drawing; label: string }[] = [
  { value: "mesh", label: "Surface" },
  { value: "points", label: "Points" },
  { value: "wire", label: "Wire" },
];

export function SceneView({ levels, picture, name, views, load }: Parts & { load(): Promise<DepthData> }) {
  const holder = useRef<HTMLDivElement>(null);
  const scene = useSignal<DepthScene | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const drawing = useSignal<Drawing>("mesh");
  const strength = useSignal(1);
  const pointSize = useSignal(1);
  useEffect(() => {
    let made: DepthScene | undefined;
    let disposed = false;
    const start = async () => {
      const [data] = await Promise.all([load(), picture?.decode()]);
      if (disposed) return;
      made = createScene(data, picture ?? canvasOfLevels(levels), holder.current!);
      holder.current!.append(made.canvas);
      scene.value = made;
    };
    start().catch((error: Error) => {
      failure.value = error.message;
    });
    return () => {
      disposed = true;
      made?.dispose();
    };
  }, [levels, picture]);
  const exported = async (make: () => Blob | Promise<Blob>, ending: string) => {
    try {
      const blob = await make();
      const type = blob.type.endsWith("mp4") ? "mp4" : ending;
      save(blob, `${name}.${type}`);
    } catch (error) {
      toast((error as Error).message);
    }
  };
  const made = scene.value;
  return (
    <div class="result">
      <div class="viewer-bar">
        {views}
        <FullScreen />
      </div>
      <div ref={holder} class="scene" data-triangles={made?.triangles}>
        {failure.value ? (
          <p class="error" role="alert">
            {failure.value}
          </p>
        ) : (
          !made && (
            <p class="waiting" role="status">
              Building the 3-D view…
            </p>
          )
        )}
      </div>
      <div class="result-bar">
        <Segments
          label="Drawn as"
          name="drawing"
          options={drawings}
          value={drawing.value}
          set={(next) => {
            drawing.value = next;
            made?.setDrawing(next);
          }}
        />
        <Slider
          label="Depth"
          value={strength.value}
          set={(factor) => {
            strength.value = factor;
            made?.setStrength(factor);
          }}
          min={0.1}
          max={2}
          step={0.05}
        />
        {drawing.value === "points" && (
          <Slider
            label="Point size"
            value={pointSize.value}
            set={(factor) => {
              pointSize.value = factor;
              made?.setPointSize(factor);
            }}
            min={0.5}
            max={4}
            step={0.25}
          />
        )}
        <button type="button" class="quiet" onClick={() => made?.reset()}>
          Reset view
        </button>
        {made && (
          <Menu label="Download" icon="download">
            <button type="button" onClick={() => exported(made.glb, "glb")}>
              GLB, textured surface
            </button>
            <button type="button" onClick={() => exported(made.ply, "ply")}>
              PLY, points
            </button>
            <button
              type="button"
              onClick={() => {
                toast("Recording four seconds…");
                void exported(made.film, "webm");
              }}
            >
              Film, four seconds
            </button>
            <button
              type="button"
              onClick={() => made.canvas.toBlob((blob) => blob && save(blob, `${name}-3d.png`))}
            >
              PNG of this view
            </button>
          </Menu>
        )}
      </div>
    </div>
  );
}
export { page } from "../whole.ts";
