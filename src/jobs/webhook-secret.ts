import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The secret that signs webhooks: the one that is set, else one that is made once and kept in the data directory. */
export function webhookSecret(dataDir: string, configured: string | null): string {
  if (configured !== null) return configured;
  const path = join(dataDir, "webhook_secret");
  if (!existsSync(path)) {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const whole = `${path}.${crypto.randomUUID()}`;
    try {
      writeFileSync(whole, `whsec_${Buffer.from(bytes).toString("base64")}\n`, { mode: 0o600, flush: true });
      // A crash leaves no half secret behind, and of two that make one, one is taken by both.
      linkSync(whole, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    } finally {
      rmSync(whole, { force: true });
    }
  }
  return readFileSync(path, "utf8").trim();
}
