/**
 * What plans of all families share.
 *
 * @module
 */
import type { Bits } from "../engine/task.ts";
import { type TensorTable, tensorTable } from "../weights/tensor-table.ts";
import type { CheckContext } from "./capability.ts";

/** On the CPU everything is computed in single precision, on Metal in half. */
export const floatBytes = process.platform === "darwin" ? 2 : 4;

/** Part of the advice for a request that does not fit: bits can only fall to three. */
export const canHaveFewerBits = (bits: Bits) => bits === null || bits > 3;

/** The tensors of a variant's files, when they are on this machine and can be read. */
export function tensorsOfFiles(
  family: string,
  variant: string,
  context: Pick<CheckContext, "activation">,
): TensorTable | undefined {
  const activation = context.activation(family, variant);
  return "source" in activation ? tensorTable(activation.source.paths) : undefined;
}
