import { evaluate, scope, type Tensor } from "../../../ffi/index.ts";
import { Conv2d } from "../../nn/conv.ts";
import type { Weights } from "../../nn/weights.ts";
import { type Factor, factors } from "./memory.ts";

/** Side of the kernels that enlarge the picture directly. */
const directKernel = 5;

/** Two 3×3 convolutions around which the input goes. */
class Block {
  readonly conv1: Conv2d;
  readonly conv2: Conv2d;

  constructor(w: Weights, channels: number) {
    this.conv1 = new Conv2d(w.at("conv1"), channels, channels, 3, { padding: 1 });
    this.conv2 = new Conv2d(w.at("conv2"), channels, channels, 3, { padding: 1 });
  }

  forward(x: Tensor): Tensor {
    return this.conv2.forward(this.conv1.forward(x, { curve: "relu" }), { residual: x });
  }
}

/** Convolutions at the size of the input, with one output for each factor. `tools/mini-upscaler/net.py` is the same network. */
export class Network {
  readonly first: Conv2d;
  readonly blocks: readonly Block[];
  readonly outputs: Readonly<Record<Factor, { head: Conv2d; direct: Conv2d }>>;

  constructor(w: Weights) {
    // A file of something else is refused by what is missing of the smallest network.
    const channels = w.shape("first.weight")?.[0] ?? 1;
    this.first = new Conv2d(w.at("first"), 3, channels, 3, { padding: 1 });
    const blocks = w.at("blocks");
    const count = [...Array(64).keys()].findIndex((i) => !blocks.at(i).has("conv1.weight"));
    this.blocks = Array.from({ length: count }, (_, i) => new Block(blocks.at(i), channels));
    const output = (factor: Factor) => {
      const [head, direct] = [w.at("heads").at(factor), w.at("skips").at(factor)];
      const values = 3 * factor ** 2;
      return {
        head: new Conv2d(head, channels, values, 3, { padding: 1 }),
        direct: new Conv2d(direct, 3, values, directKernel, { padding: (directKernel - 1) / 2, bias: false }),
      };
    };
    this.outputs = Object.fromEntries(
      factors.map((factor) => [factor, output(factor)]),
    ) as typeof this.outputs;
  }

  /** Enlarges [rows, columns, 3] of bytes and leaves away `margin` pixels of the input at each side. */
  forward(pixels: Tensor, factor: Factor, margin: number): Uint8Array {
    return scope(() => {
      const [rows, columns] = pixels.shape as [number, number, number];
      const x = scope(() => pixels.astype("float32").div(255).expandDims(0));
      const deep = this.blocks.reduce(
        (map, block) => {
          const next = scope(() => block.forward(map));
          // Computed at once, so that only two maps are in memory.
          evaluate(next);
          map.dispose();
          return next;
        },
        this.first.forward(x, { curve: "relu" }),
      );
      const { head, direct } = this.outputs[factor];
      const values = head
        .forward(deep, { residual: direct.forward(x) })
        .slice([0, margin, margin], [1, rows - margin, columns - margin]);
      return shuffle(values, factor).clip(0, 1).mul(255).round().astype("uint8").read("uint8");
    });
  }
}

/** The values of each pixel become a square of pixels. */
function shuffle(x: Tensor, factor: number): Tensor {
  const [, rows, columns] = x.shape as [number, number, number, number];
  return x
    .reshape(rows, columns, 3, factor, factor)
    .transpose(0, 3, 1, 4, 2)
    .reshape(rows * factor, columns * factor, 3);
}
