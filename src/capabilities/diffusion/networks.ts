/**
 * The networks that adapters change, as their files on this machine have them, else as they are published.
 *
 * @module
 */
import { type AdapterNetwork, networkOf } from "../../models/diffusion/names.ts";
import { partTable, type TensorTable } from "../../weights/tensor-table.ts";
import type { CheckContext } from "../capability.ts";

export interface NetworkNames {
  family: string;
  /** A matrix that every file under the network's own names has. */
  sign: string;
  published(variant: string): TensorTable;
  /** Names that adapters give its layers besides. */
  others?: Parameters<typeof networkOf>[1];
}

const known = new WeakMap<TensorTable, AdapterNetwork>();

/** What an adapter may change in a variant. Files under other names have the published sizes. */
export function adapterNetwork(
  { family, sign, published, others }: NetworkNames,
  variant: string,
  context: CheckContext,
): AdapterNetwork {
  const activation = context.activation(family, variant);
  const here = "source" in activation ? partTable(activation.source.paths, "transformer") : undefined;
  const table = here?.has(`${sign}.weight`) ? here : published(variant);
  const network = known.get(table) ?? networkOf(table, others);
  known.set(table, network);
  return network;
}
