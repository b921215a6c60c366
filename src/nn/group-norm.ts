import { scope, Tensor } from "../../ffi/index.ts";
import { each, type Rows, rowsOf } from "./rows.ts";
import type { Weights } from "./weights.ts";

/** Mean and variance of each group of channels. */
interface Statistics {
  mean: Float64Array;
  variance: Float64Array;
}

/**
 * Normalizes groups of neighbouring channels over a whole map, which is there in strips: once through for the statistics, once for the
 * values. Computes in single precision.
 */
export class GroupNorm {
  readonly weight: Tensor;
  readonly bias: Tensor;

  constructor(
    w: Weights,
    readonly width: number,
    readonly groups: number,
    readonly eps: number,
  ) {
    if (width % groups !== 0) w.checkpoint.fail(`${width} channels do not divide into ${groups} groups`);
    const exact = w.as({ dtype: "float32" });
    this.weight = exact.take("weight", [width]);
    this.bias = exact.take("bias", [width]);
  }

  /**
   * Goes through the map for its statistics, `bytes` at a time. The rows that come out are normalized, and go through silu where
   * wanted.
   */
  over(map: Rows, { silu = false, bytes = 12e6 } = {}): Rows {
    const { width, groups, eps } = this;
    const { mean, variance } = statisticsOf(map, groups, rowsOf(bytes, map.width, width));
    const perChannel = (value: (group: number) => number) =>
      Float32Array.from({ length: width }, (_, c) => value(Math.floor(c / (width / groups))));
    const centre = perChannel((group) => mean[group]!);
    const inverse = perChannel((group) => 1 / Math.sqrt(variance[group]! + eps));
    const { weight, bias } = this;
    return each(map, (x) => {
      const scale = Tensor.from(inverse).mul(weight);
      const y = x.astype("float32").sub(Tensor.from(centre)).mul(scale).add(bias);
      return (silu ? y.silu() : y).astype(x.dtype);
    });
  }
}

/** Parts of the map are summed up in double precision. */
function statisticsOf(map: Rows, groups: number, rows: number): Statistics {
  let count = 0;
  const mean = new Float64Array(groups);
  const squares = new Float64Array(groups);
  for (let from = 0; from < map.height; from += rows) {
    const to = Math.min(from + rows, map.height);
    const [means, variances] = scope(() => {
      const x = map.rows(from, to).astype("float32");
      const grouped = x.reshape(-1, groups, x.shape[3]! / groups);
      return [grouped.mean([0, 2]).read("float32"), grouped.variance([0, 2]).read("float32")];
    }) as [Float32Array, Float32Array];
    const added = (to - from) * map.width;
    const total = count + added;
    for (let group = 0; group < groups; group++) {
      const shift = means[group]! - mean[group]!;
      mean[group]! += (shift * added) / total;
      squares[group]! += variances[group]! * added + (shift * shift * count * added) / total;
    }
    count = total;
  }
  return { mean, variance: squares.map((value) => value / count) };
}
