import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { keptSecret } from "../../disk/secret-file.ts";

/** The secret that signs webhooks: the one that is set, else one that is made once and kept in the data directory. */
export function webhookSecret(dataDir: string, configured: string | null): string {
  if (configured !== null) return configured;
  const path = join(dataDir, "webhook_secret");
  const make = () => `whsec_${randomBytes(32).toString("base64")}\n`;
  const secret = keptSecret(path, 1, make).toString().trim();
  if (signingKey(secret)) return secret;
  throw new Error(
    `${path} is damaged: it must hold "whsec_" and 24 to 64 random bytes in base64. Put the old secret back, or delete the file and ` +
      "give the new secret to the receivers of webhooks",
  );
}

/** The key inside a secret of the form `whsec_` and base64, or nothing for another form. */
export function signingKey(secret: string): Uint8Array | undefined {
  const [, text] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const key = text ? Buffer.from(text, "base64") : new Uint8Array();
  return key.length >= 24 && key.length <= 64 ? key : undefined;
}
