/**
 * Random numbers that depend on their key only: the same key gives the same numbers.
 *
 * ```ts
 * const [first, second] = random.split(random.key(42), 2);
 * const noise = random.normal([1, 16, 64, 64], first);
 * ```
 *
 * @module
 */
import { type Dtype, numberOf } from "./dtype.ts";
import { c, ints } from "./library.ts";
import { handleOf, type Tensor, wrap } from "./tensor.ts";

/** A key from a seed of up to 64 bits. */
export function key(seed: number | bigint): Tensor {
  return wrap(c.easel_random_key(BigInt.asUintN(64, BigInt(seed))));
}

/** Splits a key into `count` independent ones. The key itself must not be used again. */
export function split(from: Tensor, count: number): Tensor[] {
  using keys = wrap(c.easel_random_split(handleOf(from), count));
  return Array.from({ length: count }, (_, i) => keys.at(i));
}

/** Normally distributed, mean 0 and deviation 1. */
export function normal(shape: readonly number[], from: Tensor, dtype: Dtype = "float32"): Tensor {
  return wrap(c.easel_random_normal(ints(shape), shape.length, numberOf[dtype], handleOf(from)));
}

/** Evenly distributed from `low` up to but without `high`. */
export function uniform(
  shape: readonly number[],
  from: Tensor,
  { low = 0, high = 1, dtype = "float32" }: { low?: number; high?: number; dtype?: Dtype } = {},
): Tensor {
  return wrap(c.easel_random_uniform(ints(shape), shape.length, low, high, numberOf[dtype], handleOf(from)));
}

/** Random uint32. */
export function bits(shape: readonly number[], from: Tensor): Tensor {
  return wrap(c.easel_random_bits(ints(shape), shape.length, handleOf(from)));
}
