/** Models as the server lists them, and the one that a call means. */
import { z } from "zod";
import { type Api, get, ToolError } from "../api.ts";

export const model = z
  .string()
  .max(100)
  .optional()
  .describe('Name of a model, such as "v2-small" or "depthanything/v2-small"; see list_models.');

/** A model of `/v1/setup`. */
export interface OfferedModel {
  name: string;
  family: string;
  operations: readonly string[];
  default: boolean;
  activated: boolean;
  built_in: boolean;
  licence: string;
  commercial_use: boolean;
  size_gb: number;
  copies?: readonly { bits: number; size_gb: number }[];
  memory_gb: number | null;
  fits: boolean | null;
  loaded: boolean;
}

export const offered = async (api: Api): Promise<OfferedModel[]> =>
  (await get<{ data: OfferedModel[] }>(api, "/v1/setup")).data;

/** The model that a call names, or the one that the operation takes without a name. */
export async function chosen(api: Api, operation: string, name: string | undefined): Promise<OfferedModel> {
  const models = (await offered(api)).filter(({ operations }) => operations.includes(operation));
  if (name !== undefined) {
    const named = models.find((known) => known.name === name || `${known.family}/${known.name}` === name);
    if (named) return named;
    const list = models.map((known) => `${known.family}/${known.name}`).join(", ");
    throw new ToolError("unknown_model", `no model of that name for this tool; there are ${list}`);
  }
  const usual =
    models.find((known) => known.activated && known.default && !known.built_in) ??
    models.find((known) => known.activated && !known.built_in) ??
    models.find((known) => known.activated);
  if (usual) return usual;
  const first = models.find((known) => known.default) ?? models[0];
  throw new ToolError(
    "not_activated",
    first
      ? `no model for this tool is installed; on the server's machine: easel activate ${first.family}/${first.name}`
      : "this server has no model for this tool",
  );
}
