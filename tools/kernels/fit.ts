/**
 * Fits the polynomials of `kernels/constants.h`, writes that file, and prints how far each is off in single precision.
 *
 *     bun tools/kernels/fit.ts
 *
 * Each fit is the smallest largest error on a dense grid, found by reweighting least squares (Lawson's way). Nothing is random,
 * so the same file comes out every time.
 *
 * @module
 */
import { join } from "node:path";

/** A polynomial of x on [low, high] that is close to `value` where errors count by `weight`. */
export interface Fit {
  low: number;
  high: number;
  degree: number;
  value: (x: number) => number;
  weight: (x: number) => number;
}

/** The upper tail of the normal distribution, to double precision: a series near 0, a continued fraction beyond. */
export function tail(a: number): number {
  const density = Math.exp((-a * a) / 2) / Math.sqrt(2 * Math.PI);
  if (a < 2.5) {
    let term = a;
    let sum = a;
    for (let k = 1; k < 80; k++) {
      term *= (a * a) / (2 * k + 1);
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = a;
  for (let k = 120; k > 0; k--) fraction = a + k / fraction;
  return density / fraction;
}

const exponential: Fit = {
  low: -0.5,
  high: 0.5,
  degree: 5,
  value: (x) => 2 ** x,
  weight: (x) => 2 ** -x,
};

/** log2 of the tail, weighted so that the tail's own error counts. */
const normal: Fit = {
  low: 0,
  high: 6,
  degree: 9,
  value: (a) => Math.log2(tail(a)),
  weight: (a) => tail(a) * Math.LN2,
};

/** The coefficients, lowest first. */
export function fit({ low, high, degree, value, weight }: Fit): number[] {
  const count = 2000;
  const nodes = Array.from(
    { length: count },
    (_, i) => (low + high) / 2 - ((high - low) / 2) * Math.cos((Math.PI * (i + 0.5)) / count),
  );
  const basis = nodes.map((x) => chebyshev((2 * x - low - high) / (high - low), degree));
  const target = nodes.map(value);
  const importance = nodes.map(weight);
  let lawson = nodes.map(() => 1 / count);
  let best: number[] = [];
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 400; round++) {
    const coefficients = leastSquares(
      basis,
      target,
      nodes.map((_, i) => lawson[i]! * importance[i]! ** 2),
    );
    const errors = basis.map((row, i) => Math.abs(dot(row, coefficients) - target[i]!) * importance[i]!);
    const largest = Math.max(...errors);
    if (largest < least) [least, best] = [largest, coefficients];
    const sum = errors.reduce((total, e, i) => total + e * lawson[i]!, 0);
    lawson = lawson.map((w, i) => Math.max((w * errors[i]!) / sum, 1e-300));
  }
  return monomials(best, low, high);
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

function chebyshev(t: number, degree: number): number[] {
  const row = [1, t];
  while (row.length <= degree) row.push(2 * t * row.at(-1)! - row.at(-2)!);
  return row.slice(0, degree + 1);
}

function leastSquares(rows: readonly number[][], target: readonly number[], weights: readonly number[]) {
  const n = rows[0]!.length;
  const normal = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n + 1 }, (_, j) =>
      rows.reduce((sum, row, r) => sum + weights[r]! * row[i]! * (j < n ? row[j]! : target[r]!), 0),
    ),
  );
  for (let i = 0; i < n; i++) {
    let pivot = i;
    for (let r = i; r < n; r++) if (Math.abs(normal[r]![i]!) > Math.abs(normal[pivot]![i]!)) pivot = r;
    [normal[i], normal[pivot]] = [normal[pivot]!, normal[i]!];
    for (let r = 0; r < n; r++) {
      if (r === i) continue;
      const factor = normal[r]![i]! / normal[i]![i]!;
      for (let c = i; c <= n; c++) normal[r]![c]! -= factor * normal[i]![c]!;
    }
  }
  return normal.map((row, i) => row[n]! / row[i]!);
}

/** From Chebyshev's polynomials of the interval to powers of x. */
function monomials(coefficients: readonly number[], low: number, high: number): number[] {
  const [scale, shift] = [2 / (high - low), -(low + high) / (high - low)];
  const times = (p: readonly number[]) => {
    const out = new Array<number>(p.length + 1).fill(0);
    p.forEach((c, i) => {
      out[i]! += shift * c;
      out[i + 1]! += scale * c;
    });
    return out;
  };
  const powers: number[][] = [[1], times([1])];
  while (powers.length < coefficients.length) {
    const twice = times(powers.at(-1)!).map((c) => 2 * c);
    powers.push(twice.map((c, i) => c - (powers.at(-2)![i] ?? 0)));
  }
  return coefficients.map((_, power) =>
    coefficients.reduce((sum, c, k) => sum + c * (powers[k]![power] ?? 0), 0),
  );
}

/** As the kernels do it: Horner's rule with one rounding a step. */
const horner = (coefficients: readonly number[], x: number) =>
  coefficients.reduceRight((sum, c) => Math.fround(sum * x + Math.fround(c)), 0);

const worst = (low: number, high: number, error: (x: number) => number) => {
  let largest = 0;
  for (let i = 0; i <= 200_000; i++)
    largest = Math.max(largest, Math.abs(error(Math.fround(low + ((high - low) * i) / 200_000))));
  return largest;
};

if (import.meta.main) {
  const [power, logTail] = [fit(exponential), fit(normal)];
  const exp2Error = worst(-0.5, 0.5, (x) => horner(power, x) / 2 ** x - 1);
  const tailError = worst(0, 6, (a) => 2 ** horner(logTail, a) - tail(a));
  const literal = (x: number) => `${Number.isInteger(x) ? x.toFixed(1) : x}f`;
  const row = (coefficients: readonly number[]) =>
    coefficients.map((c) => `${literal(Math.fround(c))}`).join(", ");
  await Bun.write(
    join(import.meta.dir, "../../kernels/constants.h"),
    `// Written by tools/kernels/fit.ts. Lowest power first.
#pragma once

namespace easel::cpu {

/// 2^x on [-1/2, 1/2]; relative error ${exp2Error.toExponential(1)}.
constexpr float exp2_terms[] = {${row(power)}};

/// log2 of the normal distribution's upper tail on [0, ${normal.high}]; the tail's error is ${tailError.toExponential(1)}.
constexpr float log2_tail_terms[] = {${row(logTail)}};
constexpr float tail_end = ${normal.high}.0f;

}  // namespace easel::cpu
`,
  );
  console.log(`exp2: relative error ${exp2Error.toExponential(2)}`);
  console.log(`normal tail: error ${tailError.toExponential(2)}`);
}
