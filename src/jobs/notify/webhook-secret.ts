import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { keptSecret } from "../../disk/secret-file.ts";

/** The secret that signs webhooks: the one that is set, else one that is made once and kept in the data directory. */
export function webhookSecret(dataDir: string, configured: string | null): string {
  if (configured !== null) return configured;
  const make = () => `whsec_${randomBytes(32).toString("base64")}\n`;
  return keptSecret(join(dataDir, "webhook_secret"), 1, make).toString().trim();
}
