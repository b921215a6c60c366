import type { Context } from "hono";
import type { Settings } from "../../settings/settings.ts";

/** Where links to this server lead: the address that the operator gave it, else the one that the client used. */
export const originOf = (c: Context, { public_url }: Pick<Settings, "public_url">): string =>
  public_url?.replace(/\/+$/, "") ?? new URL(c.req.url).origin;
