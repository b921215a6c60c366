/**
 * libeasel as bun:ffi sees it: the table of `mlx-shim/shim.h`, opened once per thread.
 * Only this file and `leave.ts` use bun:ffi. The types of every call come from the table, so a wrong arity, silent at run time,
 * does not compile.
 *
 * @module
 */
import { dlopen, type FFIFunction, type Pointer } from "bun:ffi";

/** Types are named by strings: the enum's members for buffers are refused at run time. */
export const symbols = {
  // Runtime
  easel_open: { args: ["cstring", "i32"], returns: "i32" },
  easel_error: { args: [], returns: "cstring" },
  easel_version: { args: [], returns: "cstring" },
  easel_live: { args: [], returns: "i64_fast" },
  easel_device: { args: [], returns: "i32" },
  easel_device_text: { args: ["cstring"], returns: "cstring" },
  easel_device_number: { args: ["cstring"], returns: "i64_fast" },
  easel_use_kernels: { args: ["cstring"], returns: "i32" },
  easel_kernels: { args: [], returns: "cstring" },
  easel_has_bfloat16: { args: [], returns: "i32" },
  easel_has_integer: { args: [], returns: "i32" },
  easel_kernel_calls: { args: ["cstring", "i32"], returns: "i64_fast" },
  easel_record: { args: ["i32", "i32"], returns: "i32" },
  easel_recorded: { args: ["cstring", "i32"], returns: "i64_fast" },
  easel_memory: { args: ["i32"], returns: "i64_fast" },
  easel_reset_peak: { args: [], returns: "i32" },
  easel_set_limit: { args: ["i32", "i64_fast"], returns: "i64_fast" },
  easel_clear_cache: { args: [], returns: "i32" },
  easel_synchronize: { args: [], returns: "i32" },
  easel_throw: { args: ["i32"], returns: "i32" },

  // Arrays: making, reading, evaluating
  easel_free: { args: ["ptr"], returns: "void" },
  easel_from_bytes: { args: ["ptr", "i64_fast", "ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_read: { args: ["ptr", "ptr", "i64_fast"], returns: "i32" },
  easel_ndim: { args: ["ptr"], returns: "i32" },
  easel_dim: { args: ["ptr", "i32"], returns: "i32" },
  easel_dtype: { args: ["ptr"], returns: "i32" },
  easel_nbytes: { args: ["ptr"], returns: "i64_fast" },
  easel_eval: { args: ["ptr", "i64_fast"], returns: "i32" },
  easel_async_eval: { args: ["ptr", "i64_fast"], returns: "i32" },
  easel_full: { args: ["ptr", "i64_fast", "f64", "i32"], returns: "ptr" },
  easel_arange: { args: ["f64", "f64", "f64", "i32"], returns: "ptr" },

  // Results that are several arrays
  easel_list_size: { args: ["ptr"], returns: "i64_fast" },
  easel_list_at: { args: ["ptr", "i64_fast"], returns: "ptr" },
  easel_list_free: { args: ["ptr"], returns: "void" },

  // Elementwise, one operand
  easel_negative: { args: ["ptr"], returns: "ptr" },
  easel_abs: { args: ["ptr"], returns: "ptr" },
  easel_square: { args: ["ptr"], returns: "ptr" },
  easel_sqrt: { args: ["ptr"], returns: "ptr" },
  easel_rsqrt: { args: ["ptr"], returns: "ptr" },
  easel_reciprocal: { args: ["ptr"], returns: "ptr" },
  easel_exp: { args: ["ptr"], returns: "ptr" },
  easel_log: { args: ["ptr"], returns: "ptr" },
  easel_sin: { args: ["ptr"], returns: "ptr" },
  easel_cos: { args: ["ptr"], returns: "ptr" },
  easel_tanh: { args: ["ptr"], returns: "ptr" },
  easel_erf: { args: ["ptr"], returns: "ptr" },
  easel_sigmoid: { args: ["ptr"], returns: "ptr" },
  easel_floor: { args: ["ptr"], returns: "ptr" },
  easel_ceil: { args: ["ptr"], returns: "ptr" },
  easel_round: { args: ["ptr"], returns: "ptr" },
  easel_logical_not: { args: ["ptr"], returns: "ptr" },
  easel_isnan: { args: ["ptr"], returns: "ptr" },
  easel_isfinite: { args: ["ptr"], returns: "ptr" },

  // Elementwise, two operands; _scalar takes the second by value, in the array's dtype
  easel_add: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_subtract: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_multiply: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_divide: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_power: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_maximum: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_minimum: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_equal: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_greater: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_less: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_logical_and: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_logical_or: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_add_scalar: { args: ["ptr", "f64"], returns: "ptr" },
  easel_subtract_scalar: { args: ["ptr", "f64"], returns: "ptr" },
  easel_multiply_scalar: { args: ["ptr", "f64"], returns: "ptr" },
  easel_divide_scalar: { args: ["ptr", "f64"], returns: "ptr" },
  easel_power_scalar: { args: ["ptr", "f64"], returns: "ptr" },
  easel_maximum_scalar: { args: ["ptr", "f64"], returns: "ptr" },
  easel_minimum_scalar: { args: ["ptr", "f64"], returns: "ptr" },
  easel_equal_scalar: { args: ["ptr", "f64"], returns: "ptr" },
  easel_greater_scalar: { args: ["ptr", "f64"], returns: "ptr" },
  easel_less_scalar: { args: ["ptr", "f64"], returns: "ptr" },
  easel_where: { args: ["ptr", "ptr", "ptr"], returns: "ptr" },
  easel_clip: { args: ["ptr", "f64", "f64"], returns: "ptr" },

  // Reductions over the listed axes, and along one axis
  easel_sum: { args: ["ptr", "ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_mean: { args: ["ptr", "ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_prod: { args: ["ptr", "ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_max: { args: ["ptr", "ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_min: { args: ["ptr", "ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_var: { args: ["ptr", "ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_all: { args: ["ptr", "ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_any: { args: ["ptr", "ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_argmax: { args: ["ptr", "i32", "i32"], returns: "ptr" },
  easel_argmin: { args: ["ptr", "i32", "i32"], returns: "ptr" },
  easel_sort: { args: ["ptr", "i32"], returns: "ptr" },
  easel_argsort: { args: ["ptr", "i32"], returns: "ptr" },
  easel_cumsum: { args: ["ptr", "i32"], returns: "ptr" },

  // Type, layout and shape
  easel_astype: { args: ["ptr", "i32"], returns: "ptr" },
  easel_view: { args: ["ptr", "i32"], returns: "ptr" },
  easel_contiguous: { args: ["ptr"], returns: "ptr" },
  easel_share: { args: ["ptr"], returns: "ptr" },
  easel_reshape: { args: ["ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_transpose: { args: ["ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_expand_dims: { args: ["ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_squeeze: { args: ["ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_broadcast_to: { args: ["ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_flip: { args: ["ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_slice: { args: ["ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_slice_update: { args: ["ptr", "ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_take: { args: ["ptr", "ptr", "i32"], returns: "ptr" },
  easel_take_index: { args: ["ptr", "i32", "i32"], returns: "ptr" },
  easel_take_along_axis: { args: ["ptr", "ptr", "i32"], returns: "ptr" },
  easel_put_along_axis: { args: ["ptr", "ptr", "ptr", "i32"], returns: "ptr" },
  easel_pad: { args: ["ptr", "ptr", "i64_fast", "f64", "i32"], returns: "ptr" },
  easel_repeat: { args: ["ptr", "i32", "i32"], returns: "ptr" },
  easel_tile: { args: ["ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_concatenate: { args: ["ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_stack: { args: ["ptr", "i64_fast", "i32"], returns: "ptr" },

  // Networks: what a kernel of our own may take over on Linux
  easel_matmul: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_addmm: { args: ["ptr", "ptr", "ptr", "f64", "f64"], returns: "ptr" },
  easel_packing: { args: ["i32"], returns: "i32" },
  easel_pack: { args: ["ptr", "i32"], returns: "ptr" },
  easel_linear: { args: ["ptr", "ptr", "ptr", "ptr", "ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_gated: { args: ["ptr", "ptr"], returns: "ptr" },
  easel_conv2d: { args: ["ptr", "ptr", "ptr", "ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_deconv2d: { args: ["ptr", "ptr", "ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_conv_general: { args: ["ptr", "ptr", "ptr", "i64_fast", "i32", "i32"], returns: "ptr" },
  easel_sdpa: { args: ["ptr", "ptr", "ptr", "ptr", "f64", "i32"], returns: "ptr" },
  easel_softmax: { args: ["ptr", "i32"], returns: "ptr" },
  easel_layer_norm: { args: ["ptr", "ptr", "ptr", "f64"], returns: "ptr" },
  easel_rms_norm: { args: ["ptr", "ptr", "f64"], returns: "ptr" },
  easel_group_norm: { args: ["ptr", "ptr", "ptr", "i32", "f64"], returns: "ptr" },
  easel_resample: { args: ["ptr", "ptr", "ptr", "ptr", "ptr", "ptr", "i64_fast"], returns: "ptr" },
  easel_gelu: { args: ["ptr"], returns: "ptr" },
  easel_gelu_tanh: { args: ["ptr"], returns: "ptr" },
  easel_silu: { args: ["ptr"], returns: "ptr" },
  easel_quantize: { args: ["ptr", "i32", "i32"], returns: "ptr" },
  easel_dequantize: { args: ["ptr", "ptr", "ptr", "i32", "i32"], returns: "ptr" },
  easel_quantized_linear: { args: ["ptr", "ptr", "ptr", "ptr", "ptr", "i32", "i32", "i32"], returns: "ptr" },
  easel_quantized_matmul: { args: ["ptr", "ptr", "ptr", "ptr", "i32", "i32", "i32"], returns: "ptr" },

  // Random numbers: a key decides them
  easel_random_key: { args: ["u64"], returns: "ptr" },
  easel_random_split: { args: ["ptr", "i32"], returns: "ptr" },
  easel_random_normal: { args: ["ptr", "i64_fast", "i32", "ptr"], returns: "ptr" },
  easel_random_uniform: { args: ["ptr", "i64_fast", "f64", "f64", "i32", "ptr"], returns: "ptr" },
  easel_random_bits: { args: ["ptr", "i64_fast", "ptr"], returns: "ptr" },

  // Files: arrays read from a range of bytes, and safetensors written
  easel_file_open: { args: ["cstring"], returns: "ptr" },
  easel_file_size: { args: ["ptr"], returns: "i64_fast" },
  easel_file_read: { args: ["ptr", "i64_fast", "ptr", "i64_fast", "i32"], returns: "ptr" },
  easel_file_free: { args: ["ptr"], returns: "void" },
  easel_saver_new: { args: [], returns: "ptr" },
  easel_saver_put: { args: ["ptr", "cstring", "ptr"], returns: "i32" },
  easel_saver_note: { args: ["ptr", "cstring", "cstring"], returns: "i32" },
  easel_saver_write: { args: ["ptr", "cstring"], returns: "i32" },
  easel_saver_free: { args: ["ptr"], returns: "void" },
} as const;

/** A native object. Never a number to calculate with, and never seen outside ffi/. */
export type Handle = Pointer;

interface Arguments {
  i32: number;
  /** Exact up to 2^53. */
  i64_fast: number;
  u64: bigint;
  f64: number;
  cstring: string | null;
  ptr: Handle | NodeJS.TypedArray | null;
}

interface Returns {
  i32: number;
  i64_fast: number;
  cstring: string;
  ptr: Handle | null;
  void: undefined;
}

type Table = typeof symbols;
type Values<Types extends readonly (keyof Arguments)[]> = { [I in keyof Types]: Arguments[Types[I]] };

/** The functions of the shim, as called from here. bun-types knows no name for the fast integers, hence a mapping of our own. */
export type Symbols = {
  readonly [K in keyof Table]: (...args: Values<Table[K]["args"]>) => Returns[Table[K]["returns"]];
};

/** What MLX or the shim says when a call fails. */
export class NativeError extends Error {
  override name = "NativeError" as const;
}

export type DeviceKind = "best" | "cpu" | "gpu";

export interface LibraryOptions {
  /** Metal's compiled kernels, on a Mac; MLX looks beside its own library without it. */
  metallib?: string | undefined;
  /** "best" is the GPU where there is one. */
  device?: DeviceKind | undefined;
}

const unopened = new Proxy({} as Symbols, {
  get() {
    throw new NativeError("openLibrary() has not been called on this thread");
  },
});

/** The opened library. Any use before {@linkcode openLibrary} throws. */
export let c: Symbols = unopened;
let opened: string | undefined;

/**
 * Opens libeasel on this thread. MLX belongs to the thread that opened it: tensors never cross to another.
 * Opening the same file again does nothing.
 *
 * ```ts
 * openLibrary("dist/native/libeasel.so");
 * ```
 */
export function openLibrary(path: string, { metallib, device = "best" }: LibraryOptions = {}): void {
  if (opened === path) return;
  if (opened !== undefined) throw new NativeError("another library is open on this thread already");
  const library = load(path);
  if (!library.easel_open(metallib ?? null, ["best", "cpu", "gpu"].indexOf(device))) {
    throw new NativeError(library.easel_error());
  }
  c = library;
  opened = path;
}

function load(path: string): Symbols {
  try {
    return dlopen(path, symbols as unknown as Record<string, FFIFunction>).symbols as unknown as Symbols;
  } catch (error) {
    // Bun's message names the path: it belongs into the log, not into an answer.
    throw new NativeError("the native library cannot be loaded", { cause: error });
  }
}

function failed(): never {
  throw new NativeError(c.easel_error());
}

/** The handle, or the shim's error as an exception. */
export function got(handle: Handle | null): Handle {
  if (handle === null) failed();
  return handle;
}

/** Throws the shim's error when the call answered 0. */
export function done(answer: number): void {
  if (answer === 0) failed();
}

// The views below are passed themselves, never their address: an array's storage may move when its caller is optimised.
// Buffers of their own keep the storage outside the array besides. Calls copy what they need, so one of each is enough.
const shortInts = new Int32Array(new ArrayBuffer(64 * 4));
const shortHandles = new BigUint64Array(new ArrayBuffer(32 * 8));

const none: readonly number[] = [];

/** The integers of up to five lists, as a view that is valid until the next call of this function. */
export function ints(
  first: readonly number[],
  second = none,
  third = none,
  fourth = none,
  fifth = none,
): Int32Array {
  const length = first.length + second.length + third.length + fourth.length + fifth.length;
  const view = length <= shortInts.length ? shortInts : new Int32Array(length);
  let at = 0;
  for (let i = 0; i < first.length; i++) view[at++] = first[i]!;
  for (let i = 0; i < second.length; i++) view[at++] = second[i]!;
  for (let i = 0; i < third.length; i++) view[at++] = third[i]!;
  for (let i = 0; i < fourth.length; i++) view[at++] = fourth[i]!;
  for (let i = 0; i < fifth.length; i++) view[at++] = fifth[i]!;
  return view;
}

/** The handles as a view that is valid until the next call of this function. */
export function pointers(handles: readonly Handle[]): BigUint64Array {
  const view = handles.length <= shortHandles.length ? shortHandles : new BigUint64Array(handles.length);
  for (let i = 0; i < handles.length; i++) view[i] = BigInt(handles[i]!);
  return view;
}
