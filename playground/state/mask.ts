/**
 * The part of an image that an edit repaints: strokes of a brush, and the mask made of them.
 *
 * @module
 */
import { effect, signal } from "@preact/signals";
import * as api from "./api.ts";
import { inputs } from "./inputs.ts";

/** A stroke in shares of the image's width and height. The brush is measured in shares of the longer side. */
export interface Stroke {
  erase: boolean;
  size: number;
  points: readonly (readonly [x: number, y: number])[];
}

export const strokes = signal<readonly Stroke[]>([]);
/** Whether the stage paints instead of showing. */
export const painting = signal(false);
/** Width of the soft edge, in shares of the longer side. */
export const feather = signal(0.01);
export const brush = signal({ size: 0.08, erase: false });

export const addStroke = (stroke: Stroke) => {
  strokes.value = [...strokes.value, stroke];
};
export const undoStroke = () => {
  strokes.value = strokes.value.slice(0, -1);
};
export const clearStrokes = () => {
  strokes.value = [];
};

// A mask belongs to one image.
let painted = inputs.edit.peek();
effect(() => {
  if (inputs.edit.value === painted) return;
  painted = inputs.edit.value;
  clearStrokes();
  painting.value = false;
});

/** Draws strokes in white; erased places stay clear. The edge is soft by `feather`. */
export function drawStrokes(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  drawn: readonly Stroke[],
  soft: number,
): void {
  const { width, height } = context.canvas;
  const longer = Math.max(width, height);
  const sharp = new OffscreenCanvas(width, height);
  const lines = sharp.getContext("2d")!;
  lines.lineCap = "round";
  lines.lineJoin = "round";
  lines.strokeStyle = "#fff";
  for (const { erase, size, points } of drawn) {
    lines.globalCompositeOperation = erase ? "destination-out" : "source-over";
    lines.lineWidth = size * longer;
    lines.beginPath();
    // A dab, or a finger that did not move, is a line of no length, which only a tiny one draws.
    const still = points.every(([x, y]) => x === points[0]![0] && y === points[0]![1]);
    points.forEach(([x, y], at) => {
      if (at === 0) lines.moveTo(x * width, y * height);
      lines.lineTo(x * width + (still ? 0.01 : 0), y * height);
    });
    lines.stroke();
  }
  context.clearRect(0, 0, width, height);
  context.filter = soft > 0 ? `blur(${(soft * longer) / 2}px)` : "none";
  context.drawImage(sharp, 0, 0);
  context.filter = "none";
}

let sent: { of: readonly Stroke[]; soft: number; id: Promise<string> } | undefined;

/** The mask as a stored file, white where the image is repainted; undefined where nothing is marked. */
export function maskFile(): Promise<string> | undefined {
  const { width, height } = inputs.edit.value ?? {};
  const of = strokes.value;
  const soft = feather.value;
  if (of.length === 0 || !width || !height) return undefined;
  if (sent?.of === of && sent.soft === soft) return sent.id;
  const id = upload(width, height, of, soft);
  sent = { of, soft, id };
  id.catch(() => {
    sent = undefined;
  });
  return id;
}

/** Makes the next request send the mask again. */
export const sendMaskAgain = () => {
  sent = undefined;
};

async function upload(width: number, height: number, of: readonly Stroke[], soft: number): Promise<string> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d")!;
  drawStrokes(context, of, soft);
  context.globalCompositeOperation = "destination-over";
  context.fillRect(0, 0, width, height);
  const { file_id } = await api.upload(await canvas.convertToBlob({ type: "image/png" }), "mask.png");
  return file_id;
}
