/**
 * Tensors over MLX: what networks are written in.
 *
 * ```ts
 * openLibrary(path);
 * const y = scope(() => linear(x, weight, bias).gelu());
 * ```
 *
 * @module
 */
export { bytesPerElement, type Dtype, type Elements } from "./dtype.ts";
export { ByteFile, saveSafetensors } from "./files.ts";
export {
  blasCalls,
  hasBfloat16,
  hasInteger,
  type KernelCalls,
  type KernelOp,
  kernelCalls,
  kernels,
  type RecordedCalls,
  type Recording,
  recordCalls,
  useKernels,
} from "./kernels.ts";
export { type DeviceKind, type LibraryOptions, NativeError, openLibrary } from "./library.ts";
export {
  clearCache,
  type Device,
  device,
  liveHandles,
  type Memory,
  memory,
  resetPeak,
  setLimit,
  version,
} from "./memory.ts";
export * from "./ops.ts";
export { Packed, type Packing, type Products, packed, type QuantizedProducts } from "./packed.ts";
export {
  choosePrecision,
  type Precision,
  type PrecisionInUse,
  precisionInUse,
  productsFor,
  productsForQuantized,
  type QuantizedPrecision,
} from "./precision.ts";
export * as random from "./random.ts";
export { dispose, keep, scope } from "./scope.ts";
export { type Axes, evalAsync, evaluate, synchronize, Tensor } from "./tensor.ts";
