/**
 * A depth map over its picture: the edge between them, colours, numbers under the pointer, and the room that it stands for.
 *
 * @module
 */
import { bytes, type Job } from "./api.ts";
import type { Cloud } from "./cloud.ts";
import { colormaps, paint, swatch } from "./colormap.ts";
import { compare } from "./compare.ts";
import { announce, button, el, on } from "./dom.ts";
import { readNpz } from "./npz.ts";
import { download, type Shown } from "./stage.ts";

type Unit = "metre" | "relative" | "relative_inverse";

export interface DepthResult {
  model: string;
  depth_image_file_id: string;
  depth_data_file_id: string | null;
  depth_data_bytes: number | null;
  width: number;
  height: number;
  min_depth: number;
  max_depth: number;
  depth_unit: Unit;
  focal_length_px: number | null;
  timings: { total_s: number };
}

/** Depth of every pixel, as the model gave it. */
export interface DepthData {
  depth: Float32Array;
  width: number;
  height: number;
  unit: Unit;
  focal: number | null;
}

/** Numbers are fetched without being asked for up to this size. */
const eagerBytes = 24e6;
const looks = { colormap: "grey", invert: false };

/** `given` is missing when the browser cannot show the picture; then its depth stands in for it. */
export async function depthView(job: Job, given: HTMLImageElement | undefined): Promise<Shown> {
  const result = job.result as unknown as DepthResult;
  const { width, height } = result;
  const near = await greyOf(result.depth_image_file_id);
  const canvas = canvasOf(near, "Depth map");
  const context = canvas.getContext("2d")!;
  const image = context.createImageData(near.width, near.height);
  const draw = () => {
    paint(image, near.values, colormaps[looks.colormap]!, looks.invert);
    context.putImageData(image, 0, 0);
  };
  draw();
  const picture = given ?? canvasOf(near, "Depth map in grey");
  if (picture instanceof HTMLCanvasElement) {
    const plain = picture.getContext("2d")!;
    paint(image, near.values, colormaps.grey!, false);
    plain.putImageData(image, 0, 0);
    draw();
  }

  let data: Promise<DepthData> | undefined;
  let numbers: DepthData | undefined;
  const load = () => {
    data ??= dataOf(result).then((loaded) => {
      numbers = loaded;
      return loaded;
    });
    return data;
  };
  if (result.depth_data_bytes !== null && result.depth_data_bytes < eagerBytes)
    load().catch(() => {
      data = undefined;
    });

  const comparison = compare(
    { label: given ? "Picture" : "Grey", element: picture },
    { label: "Depth", element: canvas },
    width,
    height,
  );
  const readout = el("output", { class: "readout" });
  comparison.probe((at) => {
    readout.textContent = at && numbers ? valueAt(numbers, at) : "";
  });

  const body = el("div", { class: "depth-view" }, comparison.element);
  let cloud: Cloud | undefined;
  let wanted: "flat" | "cloud" = "flat";
  const options = el("div", { class: "look" });
  const showFlat = () => {
    wanted = "flat";
    cloud?.dispose();
    cloud = undefined;
    body.replaceChildren(comparison.element);
    options.replaceChildren(...flatOptions(draw));
  };
  const showCloud = async () => {
    wanted = "cloud";
    options.replaceChildren();
    body.replaceChildren(el("p", { class: "waiting", role: "status" }, "Making the room of it…"));
    try {
      const [{ createCloud }, loaded] = await Promise.all([import("./cloud.ts"), load()]);
      if (wanted !== "cloud" || !body.isConnected) return;
      cloud = createCloud(loaded, picture);
      body.replaceChildren(cloud.element);
      options.replaceChildren(...cloudOptions(cloud));
      announce("The point cloud is shown. Arrow keys turn it, plus and minus bring it nearer.");
    } catch (error) {
      data = undefined;
      body.replaceChildren(
        el("p", { class: "error", role: "alert" }, error instanceof Error ? error.message : String(error)),
        button("Back to the picture", () => showFlat()),
      );
    }
  };

  const views = el("fieldset", { class: "segments" }, el("legend", { class: "hidden" }, "View"));
  const view = (text: string, show: () => unknown, checked: boolean) => {
    const input = on(el("input", { type: "radio", name: "view", checked }), { change: show });
    views.append(el("label", {}, input, el("span", {}, text)));
  };
  view("Compare", showFlat, true);
  if (result.depth_data_file_id) view("3-D", showCloud, false);
  showFlat();

  const links = [download("PNG", result.depth_image_file_id)];
  if (result.depth_data_file_id) links.push(download("NPZ", result.depth_data_file_id));
  return {
    bar: [views, options],
    body,
    foot: [el("p", { class: "facts" }, factsOf(result)), readout, el("span", { class: "links" }, ...links)],
    dispose: () => cloud?.dispose(),
  };
}

const canvasOf = ({ width, height }: { width: number; height: number }, label: string) =>
  el("canvas", { width, height, role: "img", "aria-label": label });

/** Colour map and direction. They stay for the next depth map. */
function flatOptions(draw: () => void): Node[] {
  const group = el("fieldset", { class: "swatches" }, el("legend", { class: "hidden" }, "Colours"));
  for (const [name, table] of Object.entries(colormaps)) {
    const input = on(
      el("input", { type: "radio", name: "colormap", value: name, checked: looks.colormap === name }),
      {
        change: () => {
          looks.colormap = name;
          draw();
        },
      },
    );
    group.append(el("label", { title: name }, input, swatch(table), el("span", { class: "hidden" }, name)));
  }
  const invert = on(el("input", { type: "checkbox", checked: looks.invert }), {
    change: () => {
      looks.invert = invert.checked;
      draw();
    },
  });
  return [group, el("label", { class: "check" }, invert, el("span", {}, "Far is bright"))];
}

function cloudOptions(cloud: Cloud): Node[] {
  const slider = (text: string, value: number, set: (value: number) => void) =>
    el(
      "label",
      { class: "inline" },
      el("span", {}, text),
      on(el("input", { type: "range", min: 0.25, max: 2.5, step: 0.05, value }), {
        input: (event) => set(Number((event.target as HTMLInputElement).value)),
      }),
    );
  return [
    slider("Relief", 1, cloud.setRelief),
    slider("Dots", 1, cloud.setDots),
    button("Reset", cloud.reset),
    button("PLY", () => {
      const url = URL.createObjectURL(cloud.ply());
      el("a", { href: url, download: "points.ply" }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    }),
  ];
}

/** The grey PNG's values. */
async function greyOf(id: string): Promise<{ values: Uint8Array; width: number; height: number }> {
  const bitmap = await createImageBitmap(await bytes(id), { colorSpaceConversion: "none" });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const values = new Uint8Array(width * height);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * i]!;
  return { values, width, height };
}

async function dataOf(result: DepthResult): Promise<DepthData> {
  const arrays = await readNpz(await bytes(result.depth_data_file_id!));
  const depth = arrays.get("depth");
  const [height, width] = depth?.shape ?? [];
  if (!(depth?.data instanceof Float32Array) || !width || !height)
    throw new Error("the depth file holds no depth");
  const { depth_unit: unit, focal_length_px: focal } = result;
  return { depth: depth.data, width, height, unit, focal };
}

const unitNames = { metre: "m", relative: "relative depth", relative_inverse: "relative, larger is nearer" };

function valueAt({ depth, width, height, unit }: DepthData, { x, y }: { x: number; y: number }): string {
  const column = Math.min(Math.max(Math.floor(x * width), 0), width - 1);
  const row = Math.min(Math.max(Math.floor(y * height), 0), height - 1);
  const value = depth[row * width + column]!;
  return unit === "metre" ? `${value.toFixed(2)} m` : `${value.toPrecision(3)} (${unitNames[unit]})`;
}

function factsOf({ model, width, height, min_depth, max_depth, depth_unit, timings }: DepthResult): string {
  const range =
    depth_unit === "metre" ? `${min_depth.toFixed(2)} to ${max_depth.toFixed(2)} m` : unitNames[depth_unit];
  return `${model}, ${width} × ${height}, ${range}, ${timings.total_s.toFixed(1)} s`;
}
