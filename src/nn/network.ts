import type { Checkpoint } from "../weights/checkpoint.ts";
import { DamagedError } from "../weights/matrix-file.ts";
import { KeptMatrices, type QuantizedPlace } from "../weights/quantized.ts";
import { Weights, type WeightsOptions } from "./weights.ts";

export interface NetworkOptions extends Omit<WeightsOptions, "kept"> {
  /** Where its quantized matrices are kept from one load to the next. */
  place?: QuantizedPlace | undefined;
  /** Tensors of the files that the network does not take. */
  unused?: readonly RegExp[];
}

/** Makes a network of a checkpoint, of the whole of it or of all but what is `unused`. */
export function network<T>(
  checkpoint: Checkpoint,
  { place, unused = [], ...options }: NetworkOptions,
  make: (weights: Weights) => T,
): T {
  const { bits = null, dtype } = options;
  const made = (kept: KeptMatrices | null) => {
    const weights = new Weights(checkpoint, { ...options, kept });
    try {
      const whole = make(weights);
      checkpoint.done({ unused });
      kept?.done();
      return whole;
    } catch (error) {
      weights[Symbol.dispose]();
      throw error;
    }
  };
  if (bits === null || !place) return made(null);
  using kept = new KeptMatrices(place, checkpoint, { bits, dtype, unused });
  try {
    return made(kept);
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    kept.discard();
    place.note(`quantized weights of ${place.network} are made again: ${error.message}`);
    using again = new KeptMatrices(place, checkpoint, { bits, dtype, unused });
    return made(again);
  }
}
