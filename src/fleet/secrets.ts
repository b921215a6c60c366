/**
 * Secrets that all machines of a fleet share: made once, by whichever machine needs them first.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import type { Client } from "./connect.ts";
import { SetupError } from "./errors.ts";

export interface SharedSecrets {
  /** Signs webhooks. */
  webhook: string;
  /** Signs links to results. */
  linkKey: Uint8Array;
}

/** @throws {SetupError} when a row does not hold what it should. */
export async function sharedSecrets(client: Client, webhookSecret: string | null): Promise<SharedSecrets> {
  const webhook =
    webhookSecret ??
    (await kept(
      client,
      "webhook_secret",
      () => `whsec_${randomBytes(32).toString("base64")}`,
      /^whsec_[A-Za-z0-9+/]{32,}={0,2}$/,
    ));
  const key = await kept(client, "link_key", () => randomBytes(32).toString("hex"), /^[0-9a-f]{64}$/);
  return { webhook, linkKey: new Uint8Array(Buffer.from(key, "hex")) };
}

async function kept(client: Client, name: string, make: () => string, form: RegExp): Promise<string> {
  const fresh = make();
  const [row] = await client.run(async (sql) => {
    await sql`INSERT INTO secrets (name, value) VALUES (${name}, ${fresh}) ON CONFLICT (name) DO NOTHING`;
    return sql`SELECT value FROM secrets WHERE name = ${name}`;
  });
  if (form.test(row?.value)) return row.value;
  throw new SetupError(
    `The row ${name} of the table secrets is damaged: put the old value back, or delete the row`,
  );
}
