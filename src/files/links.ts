/**
 * Links to results that need no token: signed with a key of this server's own, and good for a while only.
 *
 * @module
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { keptSecret } from "../disk/secret-file.ts";

const keyBytes = 32;

/** The key that signs links to results. It is made at the first start and kept, so that links outlive a restart. */
export const linkKey = (dataDir: string): Uint8Array =>
  new Uint8Array(keptSecret(join(dataDir, "link.key"), keyBytes, () => randomBytes(keyBytes)));

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
