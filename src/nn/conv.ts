import {
  type Conv2dOptions,
  concat,
  conv2d,
  deconv2d,
  type Ending,
  linear,
  type Packed,
  type Tensor,
} from "../../ffi/index.ts";
import type { Weights } from "./weights.ts";

/**
 * How a causal 3-D kernel [out, in, time, rows, columns] becomes 2-D for a single frame. With the frame repeated as padding, its taps
 * are summed; with zeros, only the last tap counts.
 */
export type Fold = "sum" | "last";

const folds: Readonly<Record<Fold, (kernel: Tensor) => Tensor>> = {
  sum: (kernel) => kernel.astype("float32").sum(2),
  last: (kernel) => kernel.at(kernel.shape[2]! - 1, 2),
};

/** Operations fused with a convolution: residual + curve(relu(x) ∗ W + b). */
export type ConvAround = Pick<Conv2dOptions, "rectified" | "curve" | "residual">;
export type ConvPadding = Pick<Conv2dOptions, "padding" | "paddingHigh">;

/** A convolution of [batch, rows, columns, channels]. The checkpoint has [out, in, rows, columns], or time before the rows. */
export class Conv2d {
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly stride: number;
  readonly padding: number;

  constructor(
    w: Weights,
    inputs: number,
    outputs: number,
    readonly kernel: number,
    {
      bias = true,
      stride = 1,
      padding = 0,
      fold,
    }: { bias?: boolean; stride?: number; padding?: number; fold?: Fold } = {},
  ) {
    const time = fold ? [w.shape("weight")?.[2] ?? 1] : [];
    this.weight = w.take("weight", [outputs, inputs, ...time, kernel, kernel], (t) =>
      (fold ? folds[fold](t) : t).transpose(0, 2, 3, 1),
    );
    this.bias = bias ? w.take("bias", [outputs]) : undefined;
    this.stride = stride;
    this.padding = padding;
  }

  /** `padding` is the layer's own unless it is given; what surrounds the convolution is part of its pass where that saves one. */
  forward(
    x: Tensor,
    { padding = this.padding, paddingHigh = padding, ...around }: ConvAround & ConvPadding = {},
  ): Tensor {
    const { weight, bias, stride } = this;
    return conv2d(x, weight, { bias, stride, padding, paddingHigh, ...around });
  }
}

/**
 * A 3×3 convolution of stride two with a border of zeros: a matrix on the channels of nine pixels. Its columns are a quarter of those
 * of a whole map, few beside a wide layer's weights, which so are packed once and lie in memory once.
 */
export class StridedConv {
  readonly weight: Tensor | Packed;
  readonly bias: Tensor;

  constructor(w: Weights, inputs: number, outputs: number) {
    this.weight = w.matrix("weight", [outputs, inputs, 3, 3], (t) =>
      t.transpose(0, 2, 3, 1).reshape(outputs, -1),
    );
    this.bias = w.take("bias", [outputs]);
  }

  forward(x: Tensor): Tensor {
    const bordered = x.pad([0, 1, 1, 0], [0, 1, 1, 0]);
    const [batch, height, width, channels] = bordered.shape as [number, number, number, number];
    const pixels = [0, 1, 2].flatMap((i) =>
      [0, 1, 2].map((j) =>
        bordered.slice([0, i, j], [batch, height - 2 + i, width - 2 + j, channels], [1, 2, 2, 1]),
      ),
    );
    return linear(concat(pixels, 3), this.weight, this.bias);
  }
}

/** A convolution of one pixel: a matrix on the channels. */
export class Pointwise {
  readonly weight: Tensor | Packed;
  readonly bias: Tensor | undefined;

  /** `axes`: trailing axes of length 1 in the checkpoint's kernel. */
  constructor(w: Weights, inputs: number, outputs: number, { bias = true, axes = 2 } = {}) {
    const ones = new Array<number>(axes).fill(1);
    this.weight = w.matrix("weight", [outputs, inputs, ...ones], (t) => t.reshape(outputs, inputs));
    this.bias = bias ? w.take("bias", [outputs]) : undefined;
  }

  forward(x: Tensor, ending: Ending = {}): Tensor {
    return linear(x, this.weight, this.bias, ending);
  }
}

/**
 * A transposed convolution whose stride is its kernel: nothing overlaps, so it is a matrix that makes kernel² pixels of one, and
 * a shuffle. The checkpoint has [in, out, rows, columns].
 */
export class Deconv2d {
  readonly weight: Tensor | Packed;
  readonly bias: Tensor | undefined;

  constructor(
    w: Weights,
    inputs: number,
    readonly outputs: number,
    readonly kernel: number,
    { bias = true } = {},
  ) {
    this.weight = w.matrix("weight", [inputs, outputs, kernel, kernel], (t) =>
      t.transpose(2, 3, 1, 0).reshape(kernel * kernel * outputs, inputs),
    );
    this.bias = bias ? w.take("bias", [outputs]) : undefined;
  }

  forward(x: Tensor): Tensor {
    return deconv2d(x, this.weight, this.kernel, this.bias);
  }
}
