/**
 * Arrays of MLX. Operations are lazy: they build a graph that {@linkcode evaluate} or {@linkcode Tensor.read} computes.
 *
 * @module
 */
import { type Dtype, dtypes, type Elements, numberOf } from "./dtype.ts";
import { c, done, got, type Handle, ints, NativeError, pointers } from "./library.ts";
import { enter, type Owned, owner, type Scope } from "./scope.ts";

export type Axes = number | readonly number[];

type Data =
  | readonly number[]
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | BigInt64Array
  | Uint8Array
  | Uint8ClampedArray;

/** The handle of a tensor that is alive. For ffi/ only. */
export let handleOf: (tensor: Tensor) => Handle;
/** A tensor around a new handle, owned by the innermost scope. For ffi/ only. */
export let wrap: (handle: Parameters<typeof got>[0]) => Tensor;

/** An array on MLX's device. */
export class Tensor implements Owned {
  #handle: Handle | null;
  #shape: readonly number[] | null = null;
  [owner]: Scope | null;

  static {
    handleOf = (tensor) => tensor.#live();
    wrap = (handle) => new Tensor(got(handle));
  }

  private constructor(handle: Handle) {
    this.#handle = handle;
    this[owner] = enter(this);
  }

  #live(): Handle {
    if (this.#handle === null) throw new NativeError("a tensor was used after its scope ended");
    return this.#handle;
  }

  /**
   * Copies data into a new tensor. Numbers become float32, a typed array its own type, unless a type is given.
   *
   * ```ts
   * Tensor.from([1, 2, 3, 4, 5, 6], [2, 3]);
   * Tensor.from(new Uint8Array(pixels), [height, width, 3], "float32");
   * ```
   */
  static from(data: Data, shape: readonly number[] = [data.length], dtype?: Dtype): Tensor {
    const [view, type] = viewed(data, dtype);
    const made = c.easel_from_bytes(view, view.byteLength, ints(shape), shape.length, numberOf[type]);
    if (dtype === undefined || dtype === type) return wrap(made);
    using plain = wrap(made);
    return plain.astype(dtype);
  }

  /** Bits as they lie in memory: the way in for float16 and bfloat16. */
  static fromBits(bits: NodeJS.TypedArray, shape: readonly number[], dtype: Dtype): Tensor {
    return wrap(c.easel_from_bytes(bits, bits.byteLength, ints(shape), shape.length, numberOf[dtype]));
  }

  get shape(): readonly number[] {
    if (this.#shape === null) {
      const handle = this.#live();
      this.#shape = Array.from({ length: c.easel_ndim(handle) }, (_, axis) => c.easel_dim(handle, axis));
    }
    return this.#shape;
  }
  get ndim(): number {
    return this.shape.length;
  }
  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1);
  }
  get nbytes(): number {
    return c.easel_nbytes(this.#live());
  }
  get dtype(): Dtype {
    return dtypes[c.easel_dtype(this.#live())]!;
  }

  /** Evaluates and copies the values out, in row order. */
  read(): Elements[Dtype];
  /** Converts to the type first. */
  read<D extends Dtype>(dtype: D): Elements[D];
  read(dtype: Dtype = this.dtype): Elements[Dtype] {
    const wanted = dtype === "float16" || dtype === "bfloat16" ? "float32" : dtype;
    using converted = this.astype(dtype);
    using readable = converted.astype(wanted);
    const out = space(wanted, this.size);
    done(c.easel_read(handleOf(readable), out, out.byteLength));
    return out;
  }

  /** The value of a tensor of one element. */
  item(): number {
    const { size } = this;
    if (size !== 1) throw new NativeError(`item() needs one element, this tensor has ${size}`);
    return Number(this.read()[0]);
  }

  /** Frees the tensor now. Using it afterwards throws. */
  dispose(): void {
    if (this.#handle === null) return;
    c.easel_free(this.#handle);
    this.#handle = null;
  }
  [Symbol.dispose](): void {
    this.dispose();
  }
  get disposed(): boolean {
    return this.#handle === null;
  }

  // Two operands. A number takes the tensor's type; it must be whole for a tensor of integers, else the result is float32.
  add(other: Tensor | number): Tensor {
    return typeof other === "number"
      ? wrap(c.easel_add_scalar(this.#live(), other))
      : wrap(c.easel_add(this.#live(), other.#live()));
  }
  sub(other: Tensor | number): Tensor {
    return typeof other === "number"
      ? wrap(c.easel_subtract_scalar(this.#live(), other))
      : wrap(c.easel_subtract(this.#live(), other.#live()));
  }
  mul(other: Tensor | number): Tensor {
    return typeof other === "number"
      ? wrap(c.easel_multiply_scalar(this.#live(), other))
      : wrap(c.easel_multiply(this.#live(), other.#live()));
  }
  div(other: Tensor | number): Tensor {
    return typeof other === "number"
      ? wrap(c.easel_divide_scalar(this.#live(), other))
      : wrap(c.easel_divide(this.#live(), other.#live()));
  }
  pow(other: Tensor | number): Tensor {
    return typeof other === "number"
      ? wrap(c.easel_power_scalar(this.#live(), other))
      : wrap(c.easel_power(this.#live(), other.#live()));
  }
  maximum(other: Tensor | number): Tensor {
    return typeof other === "number"
      ? wrap(c.easel_maximum_scalar(this.#live(), other))
      : wrap(c.easel_maximum(this.#live(), other.#live()));
  }
  minimum(other: Tensor | number): Tensor {
    return typeof other === "number"
      ? wrap(c.easel_minimum_scalar(this.#live(), other))
      : wrap(c.easel_minimum(this.#live(), other.#live()));
  }
  equal(other: Tensor | number): Tensor {
    return typeof other === "number"
      ? wrap(c.easel_equal_scalar(this.#live(), other))
      : wrap(c.easel_equal(this.#live(), other.#live()));
  }
  greater(other: Tensor | number): Tensor {
    return typeof other === "number"
      ? wrap(c.easel_greater_scalar(this.#live(), other))
      : wrap(c.easel_greater(this.#live(), other.#live()));
  }
  less(other: Tensor | number): Tensor {
    return typeof other === "number"
      ? wrap(c.easel_less_scalar(this.#live(), other))
      : wrap(c.easel_less(this.#live(), other.#live()));
  }
  and(other: Tensor): Tensor {
    return wrap(c.easel_logical_and(this.#live(), other.#live()));
  }
  or(other: Tensor): Tensor {
    return wrap(c.easel_logical_or(this.#live(), other.#live()));
  }

  // One operand.
  not(): Tensor {
    return wrap(c.easel_logical_not(this.#live()));
  }
  neg(): Tensor {
    return wrap(c.easel_negative(this.#live()));
  }
  abs(): Tensor {
    return wrap(c.easel_abs(this.#live()));
  }
  square(): Tensor {
    return wrap(c.easel_square(this.#live()));
  }
  sqrt(): Tensor {
    return wrap(c.easel_sqrt(this.#live()));
  }
  rsqrt(): Tensor {
    return wrap(c.easel_rsqrt(this.#live()));
  }
  reciprocal(): Tensor {
    return wrap(c.easel_reciprocal(this.#live()));
  }
  exp(): Tensor {
    return wrap(c.easel_exp(this.#live()));
  }
  log(): Tensor {
    return wrap(c.easel_log(this.#live()));
  }
  sin(): Tensor {
    return wrap(c.easel_sin(this.#live()));
  }
  cos(): Tensor {
    return wrap(c.easel_cos(this.#live()));
  }
  tanh(): Tensor {
    return wrap(c.easel_tanh(this.#live()));
  }
  erf(): Tensor {
    return wrap(c.easel_erf(this.#live()));
  }
  floor(): Tensor {
    return wrap(c.easel_floor(this.#live()));
  }
  ceil(): Tensor {
    return wrap(c.easel_ceil(this.#live()));
  }
  /** To the nearest whole number, halves to the even one. */
  round(): Tensor {
    return wrap(c.easel_round(this.#live()));
  }
  isnan(): Tensor {
    return wrap(c.easel_isnan(this.#live()));
  }
  isfinite(): Tensor {
    return wrap(c.easel_isfinite(this.#live()));
  }
  clip(low: number, high: number): Tensor {
    return wrap(c.easel_clip(this.#live(), low, high));
  }

  // Activations.
  relu(): Tensor {
    return this.maximum(0);
  }
  sigmoid(): Tensor {
    return wrap(c.easel_sigmoid(this.#live()));
  }
  silu(): Tensor {
    return wrap(c.easel_silu(this.#live()));
  }
  gelu(): Tensor {
    return wrap(c.easel_gelu(this.#live()));
  }
  /** The approximation by tanh. */
  geluTanh(): Tensor {
    return wrap(c.easel_gelu_tanh(this.#live()));
  }
  softmax(axis = -1): Tensor {
    return wrap(c.easel_softmax(this.#live(), axis));
  }

  // Reductions, over all axes if none is named.
  #axes(axes: Axes | undefined): readonly number[] {
    return axes === undefined ? this.shape.map((_, axis) => axis) : typeof axes === "number" ? [axes] : axes;
  }
  sum(axes?: Axes, keepdims = false): Tensor {
    const list = this.#axes(axes);
    return wrap(c.easel_sum(this.#live(), ints(list), list.length, +keepdims));
  }
  mean(axes?: Axes, keepdims = false): Tensor {
    const list = this.#axes(axes);
    return wrap(c.easel_mean(this.#live(), ints(list), list.length, +keepdims));
  }
  prod(axes?: Axes, keepdims = false): Tensor {
    const list = this.#axes(axes);
    return wrap(c.easel_prod(this.#live(), ints(list), list.length, +keepdims));
  }
  max(axes?: Axes, keepdims = false): Tensor {
    const list = this.#axes(axes);
    return wrap(c.easel_max(this.#live(), ints(list), list.length, +keepdims));
  }
  min(axes?: Axes, keepdims = false): Tensor {
    const list = this.#axes(axes);
    return wrap(c.easel_min(this.#live(), ints(list), list.length, +keepdims));
  }
  /** The mean square deviation, divided by the number of elements. */
  variance(axes?: Axes, keepdims = false): Tensor {
    const list = this.#axes(axes);
    return wrap(c.easel_var(this.#live(), ints(list), list.length, +keepdims));
  }
  all(axes?: Axes, keepdims = false): Tensor {
    const list = this.#axes(axes);
    return wrap(c.easel_all(this.#live(), ints(list), list.length, +keepdims));
  }
  any(axes?: Axes, keepdims = false): Tensor {
    const list = this.#axes(axes);
    return wrap(c.easel_any(this.#live(), ints(list), list.length, +keepdims));
  }
  argmax(axis = -1, keepdims = false): Tensor {
    return wrap(c.easel_argmax(this.#live(), axis, +keepdims));
  }
  argmin(axis = -1, keepdims = false): Tensor {
    return wrap(c.easel_argmin(this.#live(), axis, +keepdims));
  }
  sort(axis = -1): Tensor {
    return wrap(c.easel_sort(this.#live(), axis));
  }
  argsort(axis = -1): Tensor {
    return wrap(c.easel_argsort(this.#live(), axis));
  }
  cumsum(axis = -1): Tensor {
    return wrap(c.easel_cumsum(this.#live(), axis));
  }

  // Type, layout and shape.
  astype(dtype: Dtype): Tensor {
    return wrap(c.easel_astype(this.#live(), numberOf[dtype]));
  }
  /** The same bits as another type. */
  view(dtype: Dtype): Tensor {
    return wrap(c.easel_view(this.#live(), numberOf[dtype]));
  }
  /** A row-ordered copy of a view, which then no longer holds the memory of what it was cut from. */
  contiguous(): Tensor {
    return wrap(c.easel_contiguous(this.#live()));
  }
  /** A second handle of the same array, to be freed on its own. */
  share(): Tensor {
    return wrap(c.easel_share(this.#live()));
  }
  /** One dimension may be -1. */
  reshape(...dims: readonly number[]): Tensor {
    return wrap(c.easel_reshape(this.#live(), ints(dims), dims.length));
  }
  /** Without axes, reverses their order. */
  transpose(...axes: readonly number[]): Tensor {
    return wrap(c.easel_transpose(this.#live(), ints(axes), axes.length));
  }
  expandDims(...axes: readonly number[]): Tensor {
    return wrap(c.easel_expand_dims(this.#live(), ints(axes), axes.length));
  }
  /** Without axes, drops all of length 1. */
  squeeze(...axes: readonly number[]): Tensor {
    return wrap(c.easel_squeeze(this.#live(), ints(axes), axes.length));
  }
  broadcastTo(...dims: readonly number[]): Tensor {
    return wrap(c.easel_broadcast_to(this.#live(), ints(dims), dims.length));
  }
  flip(...axes: readonly number[]): Tensor {
    return wrap(c.easel_flip(this.#live(), ints(axes), axes.length));
  }
  #bounds(start: readonly number[], stop: readonly number[], stride: readonly number[]): Int32Array {
    const { shape } = this;
    return ints(
      shape.map((_, axis) => start[axis] ?? 0),
      shape.map((length, axis) => stop[axis] ?? length),
      shape.map((_, axis) => stride[axis] ?? 1),
    );
  }
  /** Axes that are not given are taken whole; a negative bound counts from the end. */
  slice(start: readonly number[], stop: readonly number[] = [], stride: readonly number[] = []): Tensor {
    return wrap(c.easel_slice(this.#live(), this.#bounds(start, stop, stride), 3 * this.ndim));
  }
  /** A copy in which the slice has other values. */
  withSlice(
    values: Tensor,
    start: readonly number[],
    stop: readonly number[] = [],
    stride: readonly number[] = [],
  ): Tensor {
    const bounds = this.#bounds(start, stop, stride);
    return wrap(c.easel_slice_update(this.#live(), values.#live(), bounds, 3 * this.ndim));
  }
  /** One entry of an axis, which goes. */
  at(index: number, axis = 0): Tensor {
    return wrap(c.easel_take_index(this.#live(), index, axis));
  }
  take(indices: Tensor, axis: number): Tensor {
    return wrap(c.easel_take(this.#live(), indices.#live(), axis));
  }
  takeAlong(indices: Tensor, axis: number): Tensor {
    return wrap(c.easel_take_along_axis(this.#live(), indices.#live(), axis));
  }
  putAlong(indices: Tensor, values: Tensor, axis: number): Tensor {
    return wrap(c.easel_put_along_axis(this.#live(), indices.#live(), values.#live(), axis));
  }
  /** Adds `low` entries before and `high` entries after each axis. */
  pad(
    low: readonly number[],
    high: readonly number[],
    mode: "constant" | "edge" = "constant",
    value = 0,
  ): Tensor {
    const widths = ints(low, high);
    return wrap(c.easel_pad(this.#live(), widths, low.length + high.length, value, +(mode === "edge")));
  }
  /** Repeats each entry of the axis `count` times. */
  repeat(count: number, axis: number): Tensor {
    return wrap(c.easel_repeat(this.#live(), count, axis));
  }
  /** Repeats the whole tensor along each axis. */
  tile(...counts: readonly number[]): Tensor {
    return wrap(c.easel_tile(this.#live(), ints(counts), counts.length));
  }

  toString(): string {
    return this.disposed ? "Tensor(freed)" : `Tensor(${this.dtype} [${this.shape.join(", ")}])`;
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }
}

/** Computes the tensors now. */
export function evaluate(...tensors: readonly Tensor[]): void {
  done(c.easel_eval(pointers(tensors.map(handleOf)), tensors.length));
}

/** Starts to compute the tensors and does not wait. */
export function evalAsync(...tensors: readonly Tensor[]): void {
  done(c.easel_async_eval(pointers(tensors.map(handleOf)), tensors.length));
}

/** Waits until all that was started is done, and throws if any of it failed. */
export function synchronize(): void {
  done(c.easel_synchronize());
}

function viewed(data: Data, dtype: Dtype | undefined): [NodeJS.TypedArray, Dtype] {
  if (data instanceof Float32Array) return [data, "float32"];
  if (data instanceof Int32Array) return [data, "int32"];
  if (data instanceof Uint32Array) return [data, "uint32"];
  if (data instanceof BigInt64Array) return [data, "int64"];
  if (data instanceof Uint8ClampedArray) return [data, "uint8"];
  if (data instanceof Uint8Array) return [data, dtype === "bool" ? "bool" : "uint8"];
  if (dtype === "int32") return [Int32Array.from(data), "int32"];
  if (dtype === "uint32") return [Uint32Array.from(data), "uint32"];
  if (dtype === "int64") return [BigInt64Array.from(Array.from(data, BigInt)), "int64"];
  return [Float32Array.from(data), "float32"];
}

function space(dtype: Exclude<Dtype, "float16" | "bfloat16">, size: number): Elements[Dtype] {
  switch (dtype) {
    case "float32":
      return new Float32Array(size);
    case "int32":
      return new Int32Array(size);
    case "uint32":
      return new Uint32Array(size);
    case "int64":
      return new BigInt64Array(size);
    default:
      return new Uint8Array(size);
  }
}
