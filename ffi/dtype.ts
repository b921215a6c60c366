/**
 * Element types, in the order the shim numbers them.
 *
 * @module
 */
export const dtypes = [
  "float32",
  "float16",
  "bfloat16",
  "int32",
  "uint32",
  "int64",
  "uint8",
  "bool",
] as const;

export type Dtype = (typeof dtypes)[number];

/** What {@linkcode Tensor.read} gives for each type: the half types have no array of their own and come as float32. */
export interface Elements {
  float32: Float32Array<ArrayBuffer>;
  float16: Float32Array<ArrayBuffer>;
  bfloat16: Float32Array<ArrayBuffer>;
  int32: Int32Array<ArrayBuffer>;
  uint32: Uint32Array<ArrayBuffer>;
  int64: BigInt64Array<ArrayBuffer>;
  uint8: Uint8Array<ArrayBuffer>;
  bool: Uint8Array<ArrayBuffer>;
}

export const bytesPerElement: Record<Dtype, number> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint8: 1,
  bool: 1,
};

export const numberOf = Object.fromEntries(dtypes.map((name, number) => [name, number])) as Record<
  Dtype,
  number
>;
