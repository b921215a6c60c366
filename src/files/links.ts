/**
 * Links to results that need no token: signed with a key of this server's own, and good for a while only.
 *
 * @module
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const keyBytes = 32;

/**
 * The key that signs links to results. It is made at the first start and kept, so that links outlive a restart. A crash or a full
 * disk leaves no half key: with an empty one everybody could sign.
 */
export function linkKey(dataDir: string): Uint8Array {
  const path = join(dataDir, "link.key");
  if (!existsSync(path) || statSync(path).size < keyBytes) {
    mkdirSync(dataDir, { recursive: true });
    const whole = `${path}.new`;
    try {
      writeFileSync(whole, randomBytes(keyBytes), { mode: 0o600, flush: true });
      renameSync(whole, path);
    } finally {
      rmSync(whole, { force: true });
    }
  }
  return new Uint8Array(readFileSync(path));
}

export interface Links {
  /** Signs the links. Whoever has it can make links to any result. */
  key: Uint8Array;
  /** Seconds that a link is good for. */
  ttl: number;
}

/** The query of a link to `subject`, which names one result and nothing else. */
export function signedQuery(subject: string, { key, ttl }: Links): string {
  const expires = Math.floor(Date.now() / 1000) + ttl;
  return `expires=${expires}&signature=${signature(subject, expires, key)}`;
}

/** Whether a link to `subject` was signed by us and is still good. */
export function isGoodLink(
  subject: string,
  query: { expires?: string | undefined; signature?: string | undefined },
  key: Uint8Array,
): boolean {
  const expires = Number(query.expires);
  if (!Number.isInteger(expires) || expires * 1000 < Date.now()) return false;
  const wanted = Buffer.from(signature(subject, expires, key));
  const given = Buffer.from(query.signature ?? "");
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}

const signature = (subject: string, expires: number, key: Uint8Array) =>
  createHmac("sha256", key).update(`${subject}\n${expires}`).digest("base64url");
