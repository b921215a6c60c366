/**
 * A depth result: the map over its picture, the picture in motion, or the body in space.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Job } from "../state/api.ts";
import { persisted } from "../state/persisted.ts";
import { Segments } from "../view/controls.tsx";
import { later } from "../view/later.tsx";
import { type DepthData, type DepthResult, dataOf, type Levels, levelsOf } from "./data.ts";
import { FlatView } from "./flat-view.tsx";

const ParallaxView = later(async () => (await import("./parallax-view.tsx")).ParallaxView);
const SceneView = later(async () => (await import("./scene-view.tsx")).SceneView);

type View = "compare" | "parallax" | "scene";

const lastView = persisted<View>("depth-view", "compare");

interface Props {
  job: Job;
  /** The picture, where the browser can show it. */
  picture: HTMLImageElement | undefined;
  /** The address of a copy of it that is shown first. */
  copy?: string | undefined;
  /** Base of the names that downloads get. */
  name: string;
}

/** Values are fetched at once up to this size; larger ones when the pointer asks for them. */
const eagerBytes = 24e6;

export function DepthView({ job, picture, copy, name }: Props) {
  const result = job.result as unknown as DepthResult;
  const levels = useSignal<Levels | undefined>(undefined);
  const coarse = useSignal<Levels | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const data = useSignal<DepthData | undefined>(undefined);
  const loading = useRef<Promise<DepthData> | undefined>(undefined);
  const load = () => {
    loading.current ??= dataOf(result).then((loaded) => {
      data.value = loaded;
      return loaded;
    });
    loading.current.catch(() => {
      loading.current = undefined;
    });
    return loading.current;
  };
  useEffect(() => {
    levelsOf(result, (first) => {
      coarse.value = first;
    }).then(
      (loaded) => {
        levels.value = loaded;
      },
      (error: Error) => {
        failure.value = error.message;
      },
    );
    if (result.depth_data_bytes !== null && result.depth_data_bytes < eagerBytes) load().catch(() => {});
  }, [job.id]);

  if (failure.value)
    return (
      <p class="missing error" role="alert">
        {failure.value}
      </p>
    );
  const view = lastView.value === "scene" && !result.depth_data_file_id ? "compare" : lastView.value;
  const shown = levels.value ?? (view === "compare" ? coarse.value : undefined);
  if (!shown) return <p class="waiting">Loading the depth map…</p>;
  const views = (
    <Segments
      label="View"
      name="view"
      value={view}
      set={(next) => {
        lastView.value = next;
      }}
      options={[
        { value: "compare", label: "Compare" },
        { value: "parallax", label: "Parallax" },
        { value: "scene", label: "3-D", disabled: !result.depth_data_file_id },
      ]}
    />
  );
  const parts = { result, levels: shown, picture, name, views };
  if (view === "parallax") return <ParallaxView {...parts} />;
  if (view === "scene") return <SceneView {...parts} load={load} />;
  return <FlatView {...parts} copy={copy} isWhole={levels.value !== undefined} data={data} load={load} />;
}
