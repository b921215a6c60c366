import {
  type Dtype,
  dispose,
  evaluate,
  keep,
  Packed,
  type Products,
  packed,
  type Quantized,
  type QuantizedProducts,
  quantize,
  scope,
  Tensor,
} from "../../ffi/index.ts";
import type { Checkpoint } from "../weights/checkpoint.ts";
import type { KeptMatrices } from "../weights/quantized.ts";
import { type Linear, ofMost } from "./linear.ts";

export interface WeightsOptions {
  /** What tensors are converted to. */
  dtype: Dtype;
  /** Bits that matrices of `Linear` are quantized to. */
  bits?: 3 | 4 | 5 | 6 | 8 | null;
  /** Matrices of `Linear` stay in the half precision of the file and are widened when used: half the memory. */
  half?: boolean;
  /** What products with matrices multiply on a processor; float32 unless given. */
  products?: Products;
  /** The same for quantized matrices; `products` unless given. */
  quantizedProducts?: QuantizedProducts;
  /** Quantized matrices on disk. */
  kept?: KeptMatrices | null;
  /** Called for every tensor taken, with the number in the files; may throw to stop. */
  step?: (done: number, total: number) => void;
}

/**
 * A place in a checkpoint from which a network takes its tensors, by the names they have there. Owns what was taken until it is
 * disposed; views made by `at` and `as` share that ownership.
 */
export class Weights implements Disposable {
  constructor(
    readonly checkpoint: Checkpoint,
    readonly options: WeightsOptions,
    readonly prefix = "",
    private readonly owned: Tensor[] = [],
    /** The linear layers that took their tensors here, by their names in the checkpoint. */
    readonly linears: Map<string, Linear> = new Map(),
  ) {}

  /** The place below a name. */
  at(name: string | number): Weights {
    return new Weights(this.checkpoint, this.options, `${this.prefix}${name}.`, this.owned, this.linears);
  }

  /** The same place with other options. */
  as(options: Partial<WeightsOptions>): Weights {
    return new Weights(
      this.checkpoint,
      { ...this.options, ...options },
      this.prefix,
      this.owned,
      this.linears,
    );
  }

  has(name: string): boolean {
    return this.checkpoint.has(this.prefix + name);
  }

  shape(name: string): readonly number[] | undefined {
    return this.checkpoint.shape(this.prefix + name);
  }

  /** Takes a tensor, arranged for use and converted. */
  take(name: string, shape: readonly number[], arrange: (tensor: Tensor) => Tensor = (t) => t): Tensor {
    return this.make(name, shape, (tensor) => arrange(tensor).astype(this.options.dtype).contiguous());
  }

  /** Takes a matrix [outputs, inputs] for `linear`, in the order in which that reads it. */
  matrix(
    name: string,
    shape: readonly number[],
    arrange: (tensor: Tensor) => Tensor = (t) => t,
  ): Tensor | Packed {
    const { dtype, products = "float32" } = this.options;
    return this.make(name, shape, (tensor) =>
      packed(arrange(tensor).astype(dtype).contiguous(), { products }),
    );
  }

  /** The same, but a matrix in half precision stays so. */
  halfMatrix(name: string, shape: readonly number[]): Tensor | Packed {
    const { dtype, products = "float32" } = this.options;
    return this.make(name, shape, (tensor) => {
      const half = tensor.dtype === "float16" || tensor.dtype === "bfloat16";
      return packed(half ? tensor : tensor.astype(dtype), { products, halves: true });
    });
  }

  /** Takes a tensor and makes of it what is kept. Nothing else of it stays in memory. */
  make<T extends Made>(name: string, shape: readonly number[], from: (tensor: Tensor) => T): T {
    return this.#held(() => from(this.checkpoint.take(this.prefix + name, shape)));
  }

  /** Takes a matrix in fewer bits. One that was kept on disk is read from there, and nothing of the checkpoint's. */
  quantized(
    name: string,
    shape: readonly number[],
    quantization: { bits: NonNullable<WeightsOptions["bits"]>; groupSize: 32 | 64 | 128 },
  ): Quantized {
    const { dtype, kept } = this.options;
    const full = this.prefix + name;
    return this.#held(() => {
      const known = kept?.ready && this.checkpoint.expect(full, shape);
      const found = known ? kept.take(full, shape, { ...quantization, dtype }) : undefined;
      if (found) return { ...found };
      const made = quantize(this.checkpoint.take(full, shape).astype(dtype), quantization);
      kept?.put(full, made);
      return { ...made };
    }) as unknown as Quantized;
  }

  #held<T extends Made>(make: () => T): T {
    const made = scope(() => {
      const held = make();
      evaluate(...tensorsOf(held));
      return held;
    });
    keep(made);
    this.owned.push(...tensorsOf(made));
    this.options.step?.(this.checkpoint.taken, this.checkpoint.count);
    return made;
  }

  /** Takes over a tensor that is in no file. */
  own(tensor: Tensor): Tensor {
    evaluate(tensor);
    this.owned.push(keep(tensor));
    return tensor;
  }

  /** What most products of the network multiply, as `params` of a job state it. */
  get precision(): Dtype | QuantizedProducts {
    const { dtype } = this.options;
    if (dtype !== "float32") return dtype;
    return ofMost(this.linears.values(), ({ products }) => products) ?? "float32";
  }

  /** Bits of most of its matrices, which files that are quantized already decide themselves; null without quantization. */
  get bits(): Linear["bits"] {
    return ofMost(this.linears.values(), ({ bits }) => bits) ?? null;
  }

  /** Bytes of all that was taken. */
  get bytes(): number {
    return this.owned.reduce((sum, tensor) => sum + tensor.nbytes, 0);
  }

  [Symbol.dispose]() {
    dispose(this.owned);
    this.owned.length = 0;
  }
}

type Made = Tensor | Packed | Record<string, Tensor>;

const tensorsOf = (made: Made): Tensor[] =>
  made instanceof Tensor ? [made] : made instanceof Packed ? [made.data] : Object.values(made);
