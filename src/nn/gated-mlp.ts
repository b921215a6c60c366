import { gated, type Tensor } from "../../ffi/index.ts";
import { Linear } from "./linear.ts";
import type { Weights } from "./weights.ts";

/** silu(gate) · up, brought back down. */
export class GatedMlp {
  readonly gate_proj: Linear;
  readonly up_proj: Linear;
  readonly down_proj: Linear;

  constructor(w: Weights, width: number, hidden: number, { bias = true } = {}) {
    this.gate_proj = new Linear(w.at("gate_proj"), width, hidden, { bias });
    this.up_proj = new Linear(w.at("up_proj"), width, hidden, { bias });
    this.down_proj = new Linear(w.at("down_proj"), hidden, width, { bias });
  }

  forward(x: Tensor): Tensor {
    return this.down_proj.forward(gated(this.gate_proj.forward(x), this.up_proj.forward(x)));
  }
}
