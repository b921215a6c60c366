import { evaluate, scope, type Tensor } from "../../ffi/index.ts";

/** Computes a tensor now and frees all that was made on the way. */
export function computed(body: () => Tensor): Tensor {
  const made = scope(body);
  evaluate(made);
  return made;
}
