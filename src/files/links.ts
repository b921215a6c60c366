/**
 * Signed links to results, which need no token and expire.
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
  /** Signs the links. With it, links to any result can be made. */
  key: Uint8Array;
  /** Seconds until a link expires. */
  ttl: number;
}

/** The query of a link to `subject`, the name of one result. */
export function signedQuery(subject: string, { key, ttl }: Links): string {
  const expires = Math.floor(Date.now() / 1000) + ttl;
  return `expires=${expires}&signature=${signature(subject, expires, key)}`;
}

/** Whether a link to `subject` has our signature and has not expired. */
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
