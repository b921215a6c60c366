import type { Tensor } from "../../../ffi/index.ts";
import { Linear } from "../../nn/linear.ts";
import type { Weights } from "../../nn/weights.ts";

export interface FieldOfView {
  /** Radians. */
  vertical: number;
  horizontal: number;
}

/** Reads the field of view out of the camera token. The decoder's pose heads are for several views and stay unread. */
export class CameraDecoder {
  readonly backbone: readonly [Linear, Linear];
  readonly fc_fov: Linear;

  constructor(w: Weights, dim: number) {
    const layers = w.at("backbone");
    this.backbone = [new Linear(layers.at(0), dim, dim), new Linear(layers.at(2), dim, dim)];
    this.fc_fov = new Linear(w.at("fc_fov").at(0), dim, 2);
  }

  forward(token: Tensor): FieldOfView {
    const hidden = this.backbone.reduce((x, layer) => layer.forward(x).relu(), token.astype("float32"));
    const [vertical, horizontal] = this.fc_fov.forward(hidden).relu().read("float32");
    return { vertical: vertical!, horizontal: horizontal! };
  }
}

/** The focal length in pixels of a side that is seen under an angle. */
export const focalLength = (side: number, angle: number) => side / 2 / Math.max(Math.tan(angle / 2), 1e-6);
