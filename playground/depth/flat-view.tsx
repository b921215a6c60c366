/**
 * The depth map over its picture: values, measuring, colours.
 *
 * @module
 */
import { type Signal, useComputed, useSignal } from "@preact/signals";
import { Photo } from "../viewer/photo.tsx";
import { type Place, Viewer } from "../viewer/viewer.tsx";
import { plain } from "./colormap.ts";
import { type DepthData, levelValue, metres, spaceAt, valueText } from "./data.ts";
import { Downloads } from "./downloads.tsx";
import { Colours, Legend, look } from "./look.tsx";
import { DepthMap } from "./map.tsx";
import type { Parts } from "./parts.ts";

export function FlatView({
  result,
  levels,
  picture,
  copy,
  isWhole,
  name,
  views,
  data,
  load,
}: Parts & {
  /** The address of a copy of the picture. */
  copy: string | undefined;
  /** Whether `levels` are those of the whole map, not of a coarse one. */
  isWhole: boolean;
  data: Signal<DepthData | undefined>;
  load(): Promise<DepthData>;
}) {
  const at = useSignal<Place | undefined>(undefined);
  const marks = useSignal<readonly Place[]>([]);
  const { width, height } = result;
  const inside = ({ x, y }: Place) => x >= 0 && y >= 0 && x < width && y < height;

  const readout = useComputed(() => {
    const place = at.value;
    if (!place || !inside(place)) return "";
    if (data.value) {
      const value = data.value.depth[Math.floor(place.y) * data.value.width + Math.floor(place.x)]!;
      return valueText(value, result.depth_unit);
    }
    const row = Math.floor((place.y * levels.height) / height);
    const column = Math.floor((place.x * levels.width) / width);
    const level = levels.values[row * levels.width + column]!;
    return `≈ ${valueText(levelValue(level, result), result.depth_unit)}`;
  });
  const distance = useComputed(() => {
    const [a, b] = marks.value;
    if (!a || !b || !data.value) return undefined;
    const from = spaceAt(data.value, ...pair(a));
    const to = spaceAt(data.value, ...pair(b));
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
    ? {
        label: "Image",
        content: (
          <Photo
            key={picture.src}
            whole={picture.src}
            copy={copy}
            alt={picture.alt}
            width={width}
            height={height}
          />
        ),
      }
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
        <Colours levels={levels} result={result} />
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
                : "Click twice to measure"}
          </output>
        )}
        {isWhole && <Downloads result={result} levels={levels} picture={picture} name={name} load={load} />}
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
