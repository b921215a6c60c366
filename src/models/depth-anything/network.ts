import { scope, type Tensor } from "../../../ffi/index.ts";
import { ignore } from "../../nn/rows.ts";
import { Vit } from "../../nn/vit.ts";
import type { Weights } from "../../nn/weights.ts";
import { CameraDecoder, type FieldOfView } from "./camera.ts";
import type { NetworkConfig, Readout } from "./config.ts";
import { Dpt, type Step, type Tap } from "./dpt.ts";

/** What one network says of a picture, at the size it saw it in. */
export interface Prediction {
  width: number;
  height: number;
  depth: Float32Array;
  confidence?: Float32Array;
  sky?: Float32Array;
  fov?: FieldOfView;
}

/** Depth Anything: a vision transformer and a DPT head. */
export class Network {
  readonly backbone: Vit;
  readonly head: Dpt;
  readonly cam_dec: CameraDecoder | undefined;

  /** The head computes in float32 on every device: its last numbers are the depths. */
  constructor(
    w: Weights,
    readonly config: NetworkConfig,
  ) {
    this.backbone = new Vit(w.at("backbone").at("pretrained"), config.vit);
    const exact = w.as({ dtype: "float32", bits: null, half: false, products: "float32" });
    this.head = new Dpt(exact.at("head"), config.head);
    this.cam_dec = config.camera ? new CameraDecoder(exact.at("cam_dec"), config.head.inputs) : undefined;
  }

  /** Steps that `forward` tells of. */
  get steps(): number {
    return this.config.vit.depth + headSteps;
  }

  /** Runs one picture [1, rows, columns, 3], normalized, with sides that are multiples of the patch. */
  forward(pixels: Tensor, step: (done: number) => void = () => {}, tap: Tap = ignore): Prediction {
    const { depth: blocks, patch } = this.config.vit;
    const [, height, width] = pixels.shape as [number, number, number];
    return scope(() => {
      const { taps, token } = this.backbone.forward(pixels, (block, tokens) => {
        tap(`blocks.${block}`, tokens);
        step(block + 1);
      });
      const fov = this.cam_dec?.forward(token);
      const exact = taps.map((x) => x.astype("float32"));
      const { logits, sky } = this.head.forward(
        exact,
        height / patch,
        width / patch,
        ((done, total) => step(blocks + (headSteps * done) / total)) satisfies Step,
        tap,
      );
      return {
        width,
        height,
        depth: activated(logits.at(0, 3), this.config.readout).read("float32"),
        ...(this.config.head.outputs > 1 ? { confidence: logits.at(1, 3).exp().add(1).read("float32") } : {}),
        ...(sky ? { sky: sky.relu().read("float32") } : {}),
        ...(fov ? { fov } : {}),
      };
    });
  }
}

/** Work of the head, in blocks of the transformer. */
const headSteps = 4;

function activated(x: Tensor, readout: Readout): Tensor {
  if (readout.kind === "exp") return x.exp();
  return readout.kind === "relu" ? x.relu() : x.sigmoid().mul(readout.maxDepth);
}
