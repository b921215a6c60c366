/**
 * The kernels of our own that take the place of MLX's on a Linux CPU. Which ones is decided when the library opens, by
 * `EASEL_CPU_KERNELS`: `off`, `base`, `avx2`, `avx512`, `amx`, `amx_float32`; unset, the best this processor has.
 *
 * @module
 */
import { c, done, NativeError } from "./library.ts";

/** The instruction set they are compiled for, or `off`. Always `off` on a Mac. */
export function kernels(): string {
  return c.easel_kernels();
}

/** Whether the processor has an instruction for products of bfloat16 that belongs to the chosen kernels. */
export function hasBfloat16(): boolean {
  return c.easel_has_bfloat16() === 1;
}

/** Whether the chosen kernels multiply integers of 8 bits by an instruction of the processor: AVX2, VNNI or Arm's SDOT. */
export function hasInteger(): boolean {
  return c.easel_has_integer() === 1;
}

/** Uses others from here on, in the whole process: for tests and measurements. Empty is the best this processor has. */
export function useKernels(name: string): void {
  done(c.easel_use_kernels(name));
}

const ops = [
  "conv2d",
  "deconv2d",
  "sdpa",
  "softmax",
  "gelu",
  "gelu_tanh",
  "silu",
  "gated",
  "pack",
  "linear",
  "layer_norm",
  "rms_norm",
  "group_norm",
  "resample",
  "quantized_linear",
] as const;
export type KernelOp = (typeof ops)[number];

/** How many products MLX has asked of BLAS, which the shim answers with the same kernels. */
export function blasCalls(): number {
  return c.easel_kernel_calls("blas", 1);
}

/** How many calls a kernel covered, and how many went to MLX because it did not, since the process began. */
export interface KernelCalls {
  covered: number;
  fallback: number;
}

export function kernelCalls(): Record<KernelOp, KernelCalls> {
  const count = (op: string, covered: number) => {
    const calls = c.easel_kernel_calls(op, covered);
    if (calls < 0) throw new NativeError(c.easel_error());
    return calls;
  };
  return Object.fromEntries(
    ops.map((op) => [op, { covered: count(op, 1), fallback: count(op, 0) }]),
  ) as Record<KernelOp, KernelCalls>;
}

/** Calls of the kernels' threads, and what they would take on others. */
export interface RecordedCalls {
  calls: number;
  /** Pieces of work that they were split into. */
  items: number;
  /** Seconds of all items one after the other, and call by call of the thread that ends last. */
  work: number;
  span: number;
}

/** Of the ops by name; `blas` are MLX's own products, `other` what no kernel calls. */
export type Recording = Record<KernelOp | "blas" | "other", RecordedCalls>;

/**
 * Runs `body` with the kernels' work split for so many threads on so many nodes of memory, but on one thread, and tells what it would
 * take on them: for measurements.
 */
export function recordCalls(threads: number, nodes: number, body: () => void): Recording {
  done(c.easel_record(threads, nodes));
  try {
    body();
  } finally {
    done(c.easel_record(0, 0));
  }
  const of = (label: string): RecordedCalls => {
    const [calls, items, work, span] = [0, 1, 2, 3].map((kind) => c.easel_recorded(label, kind)) as [
      number,
      number,
      number,
      number,
    ];
    if (calls < 0) throw new NativeError(c.easel_error());
    return { calls, items, work: work / 1e9, span: span / 1e9 };
  };
  return Object.fromEntries([...ops, "blas", "other"].map((label) => [label, of(label)])) as Recording;
}
