import { paint, plain } from "./colormap.ts";
import type { DepthResult, Levels } from "./data.ts";

export interface Parts {
  result: DepthResult;
  levels: Levels;
  picture: HTMLImageElement | undefined;
  name: string;
  views: preact.JSX.Element;
}

export function canvasOfLevels(levels: Levels): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = levels.width;
  canvas.height = levels.height;
  paint(canvas.getContext("2d")!, levels.values, plain);
  return canvas;
}
