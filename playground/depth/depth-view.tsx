/**
 * A depth result: the map over its picture, the picture in motion, or the body in space.
 *
 * @module
 */

import { type Signal, useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { Job } from "../state/api.ts";
import { downloadUrl } from "../state/api.ts";
import { toast } from "../state/notices.ts";
import { persisted } from "../state/persisted.ts";
import { Menu, Segments, save } from "../view/controls.tsx";
import { Icon } from "../view/icons.tsx";
import { type Place, Viewer } from "../viewer/viewer.tsx";
import { colormaps, type Look, paint } from "./colormap.ts";
import {
  type DepthData,
  type DepthResult,
  dataOf,
  type Levels,
  levelsOf,
  levelValue,
  metres,
  spaceAt,
  unitText,
  valueText,
} from "./data.ts";
import { extras } from "./extras.ts";
import { createParallax, type Parallax } from "./parallax.ts";
import type { DepthScene, Drawing } from "./scene.ts";

type View = "compare" | "parallax" | "scene";

const look = persisted<Look>("look", { colormap: "grey", invert: false, far: 0, near: 255 });
const lastView = persisted<View>("depth-view", "compare");

interface Props {
  job: Job;
  /** The picture, where the browser can show it. */
  picture: HTMLImageElement | undefined;
  /** Base of the names that downloads get. */
  name: string;
}

/** Values are fetched at once up to this size; larger ones when the pointer asks for them. */
const eagerBytes = 24e6;

export function DepthView({ job, picture, name }: Props) {
  const result = job.result as unknown as DepthResult;
  const levels = useSignal<Levels | undefined>(undefined);
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
    levelsOf(result).then(
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
      <p class="error" role="alert">
        {failure.value}
      </p>
    );
  if (!levels.value) return <p class="waiting">Loading the depth map…</p>;
  const view = lastView.value === "scene" && !result.depth_data_file_id ? "compare" : lastView.value;
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
  const parts = { result, levels: levels.value, picture, name, views };
  if (view === "parallax") return <ParallaxView {...parts} />;
  if (view === "scene") return <SceneView {...parts} load={load} />;
  return <FlatView {...parts} data={data} load={load} />;
}

interface Parts {
  result: DepthResult;
  levels: Levels;
  picture: HTMLImageElement | undefined;
  name: string;
  views: preact.JSX.Element;
}

/** A canvas with the map in the chosen colours. */
function DepthMap({ levels, paintedWith }: { levels: Levels; paintedWith: Look }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    paint(canvas.current!.getContext("2d")!, levels.values, paintedWith);
  }, [levels, paintedWith]);
  return (
    <canvas ref={canvas} width={levels.width} height={levels.height} role="img" aria-label="Depth map" />
  );
}

const plain: Look = { colormap: "grey", invert: false, far: 0, near: 255 };

function FlatView({
  result,
  levels,
  picture,
  name,
  views,
  data,
  load,
}: Parts & { data: Signal<DepthData | undefined>; load(): Promise<DepthData> }) {
  const at = useSignal<Place | undefined>(undefined);
  const marks = useSignal<readonly Place[]>([]);
  const { width, height } = levels;
  const toDepth = ({ x, y }: Place) => ({ x: (x * result.width) / width, y: (y * result.height) / height });
  const inside = ({ x, y }: Place) => x >= 0 && y >= 0 && x < width && y < height;

  const readout = useComputed(() => {
    const place = at.value;
    if (!place || !inside(place)) return "";
    if (data.value) {
      const { x, y } = toDepth(place);
      const value = data.value.depth[Math.floor(y) * data.value.width + Math.floor(x)]!;
      return valueText(value, result.depth_unit);
    }
    return `≈ ${valueText(levelValue(levels.values[Math.floor(place.y) * width + Math.floor(place.x)]!, result), result.depth_unit)}`;
  });
  const distance = useComputed(() => {
    const [a, b] = marks.value;
    if (!a || !b || !data.value) return undefined;
    const from = spaceAt(data.value, ...pair(toDepth(a)));
    const to = spaceAt(data.value, ...pair(toDepth(b)));
    return Math.hypot(from[0] - to[0], from[1] - to[1], from[2] - to[2]);
  });

  const probe = (place: Place | undefined) => {
    at.value = place;
    if (place && !data.value && result.depth_data_file_id) load().catch(() => {});
  };
  const metric = result.depth_unit === "metre" && result.depth_data_file_id !== null;
  const clicked = (place: Place) => {
    if (!inside(place)) return;
    load().catch(() => {});
    marks.value = marks.value.length === 2 ? [place] : [...marks.value, place];
  };
  const shown = look.value;

  const map = <DepthMap levels={levels} paintedWith={shown} />;
  const left = picture
    ? { label: "Image", content: <Still image={picture} width={width} height={height} /> }
    : { label: "Grey", content: <DepthMap levels={levels} paintedWith={plain} /> };
  return (
    <div class="result">
      <Viewer
        left={left}
        right={{ label: "Depth", content: map }}
        width={width}
        height={height}
        probe={probe}
        {...(metric && { clicked })}
        tools={views}
        overlay={metric && <Marks marks={marks} width={width} height={height} />}
      />
      <div class="result-bar">
        <Colours />
        <Legend result={result} />
        <output class="readout" aria-label="Depth under the pointer">
          {readout}
        </output>
        {metric && (
          <output class="measure">
            {distance.value !== undefined
              ? `Distance: ${metres(distance.value)}`
              : marks.value.length === 1
                ? "Click a second point"
                : "Click two points to measure"}
          </output>
        )}
        <Downloads result={result} levels={levels} picture={picture} name={name} />
      </div>
    </div>
  );
}

const pair = ({ x, y }: Place): [number, number] => [x, y];

function Marks({ marks, width, height }: { marks: Signal<readonly Place[]>; width: number; height: number }) {
  const radius = Math.max(width, height) / 150;
  const [a, b] = marks.value;
  return (
    <svg class="marks" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {a && b && <line x1={a.x} y1={a.y} x2={b.x} y2={b.y} stroke-width={radius / 2} />}
      {marks.value.map((mark) => (
        <circle key={`${mark.x},${mark.y}`} cx={mark.x} cy={mark.y} r={radius} />
      ))}
    </svg>
  );
}

/** An image element as a child, stretched to the map's size. */
function Still({ image, width, height }: { image: HTMLImageElement; width: number; height: number }) {
  return <img src={image.src} alt={image.alt} width={width} height={height} draggable={false} />;
}

/** Colours, direction and range. They stay for the next map. */
function Colours() {
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
function Legend({ result }: { result: DepthResult }) {
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

function Downloads({
  result,
  levels,
  picture,
  name,
}: {
  result: DepthResult;
  levels: Levels;
  picture: HTMLImageElement | undefined;
  name: string;
}) {
  const painted = () => {
    const canvas = document.createElement("canvas");
    canvas.width = levels.width;
    canvas.height = levels.height;
    paint(canvas.getContext("2d")!, levels.values, look.value);
    return canvas;
  };
  const shown = look.value.colormap === "grey" && !look.value.invert ? "" : `-${look.value.colormap}`;
  const saveCanvas = (canvas: HTMLCanvasElement, as: string) =>
    canvas.toBlob((blob) => blob && save(blob, as), "image/png");
  const sideBySide = () => {
    const map = painted();
    const canvas = document.createElement("canvas");
    canvas.width = map.width * 2;
    canvas.height = map.height;
    const context = canvas.getContext("2d")!;
    context.drawImage(picture!, 0, 0, map.width, map.height);
    context.drawImage(map, map.width, 0);
    return canvas;
  };
  const copy = async () => {
    const blob = await new Promise<Blob | null>((resolve) => painted().toBlob(resolve, "image/png"));
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": blob! })]);
      toast("Copied");
    } catch {
      toast("The browser does not allow copying images here.");
    }
  };
  return (
    <Menu label="Download" icon="download">
      <button type="button" onClick={() => saveCanvas(painted(), `${name}-depth${shown}.png`)}>
        PNG, as shown
      </button>
      <a href={downloadUrl(result.depth_image_file_id)} download={`${name}-depth-grey.png`}>
        PNG, grey
      </a>
      {picture && (
        <button type="button" onClick={() => saveCanvas(sideBySide(), `${name}-depth-side-by-side.png`)}>
          PNG, side by side
        </button>
      )}
      {result.depth_data_file_id && (
        <a href={downloadUrl(result.depth_data_file_id)} download={`${name}-depth.npz`}>
          NPZ, values as float32
        </a>
      )}
      {extras.map(({ kind, label, ending }) => {
        const made = result.extras?.find((extra) => extra.kind === kind);
        return (
          made && (
            <a key={kind} href={downloadUrl(made.file_id)} download={`${name}${ending}`}>
              {label}
            </a>
          )
        );
      })}
      <button type="button" onClick={copy}>
        Copy image
      </button>
    </Menu>
  );
}

function ParallaxView({ levels, picture, name, views }: Parts) {
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
    const { record } = await import("./scene.ts");
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

function canvasOfLevels(levels: Levels): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = levels.width;
  canvas.height = levels.height;
  paint(canvas.getContext("2d")!, levels.values, plain);
  return canvas;
}

const drawings: readonly { value: Drawing; label: string }[] = [
  { value: "mesh", label: "Surface" },
  { value: "points", label: "Points" },
  { value: "wire", label: "Wire" },
];

function SceneView({ levels, picture, name, views, load }: Parts & { load(): Promise<DepthData> }) {
  const holder = useRef<HTMLDivElement>(null);
  const scene = useSignal<DepthScene | undefined>(undefined);
  const failure = useSignal<string | undefined>(undefined);
  const drawing = useSignal<Drawing>("mesh");
  useEffect(() => {
    let made: DepthScene | undefined;
    let disposed = false;
    const start = async () => {
      const [{ createScene }, data] = await Promise.all([import("./scene.ts"), load(), picture?.decode()]);
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
      <div class="viewer-bar">{views}</div>
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
        <label class="inline">
          <span>Depth</span>
          <input
            type="range"
            min={0.1}
            max={2}
            step={0.05}
            defaultValue="1"
            onInput={(event) => made?.setStrength(Number(event.currentTarget.value))}
          />
        </label>
        {drawing.value === "points" && (
          <label class="inline">
            <span>Point size</span>
            <input
              type="range"
              min={0.5}
              max={4}
              step={0.25}
              defaultValue="1"
              onInput={(event) => made?.setPointSize(Number(event.currentTarget.value))}
            />
          </label>
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
