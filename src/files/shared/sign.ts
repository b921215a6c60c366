/**
 * Signed URLs of S3: AWS Signature Version 4 in the query. Bun's `presign` cannot sign a list, nor the length of an upload.
 *
 * @module
 */
import { createHash, createHmac } from "node:crypto";

export interface Keys {
  accessKey: string;
  secretKey: string;
  sessionToken?: string | undefined;
}

export interface Signing {
  method: string;
  /** The address without a query. */
  url: URL;
  query?: Readonly<Record<string, string>>;
  /** Headers that the request must carry with these values, by their names in small letters. */
  headers?: Readonly<Record<string, string>>;
  /** Seconds until the URL expires; at most a week. */
  seconds: number;
  region: string;
  keys: Keys;
  now?: Date;
}

/** The URL of one request, which everybody who has it may make. */
export function signedUrl(signing: Signing): string {
  const { method, url, query = {}, headers = {}, seconds, region, keys, now = new Date() } = signing;
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${region}/s3/aws4_request`;
  const signed = ordered({ ...headers, host: url.host });
  const names = signed.map(([name]) => name).join(";");
  const text = ordered({
    ...query,
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": `${keys.accessKey}/${scope}`,
    "X-Amz-Date": time,
    "X-Amz-Expires": String(seconds),
    ...(keys.sessionToken !== undefined && { "X-Amz-Security-Token": keys.sessionToken }),
    "X-Amz-SignedHeaders": names,
  })
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .join("&");
  const canonicalHeaders = signed.map(([name, value]) => `${name}:${value.trim()}\n`).join("");
  const request = [method, url.pathname, text, canonicalHeaders, names, "UNSIGNED-PAYLOAD"].join("\n");
  const digest = createHash("sha256").update(request).digest("hex");
  const signature = hmac(signingKey(keys, scope), `AWS4-HMAC-SHA256\n${time}\n${scope}\n${digest}`);
  return `${url.origin}${url.pathname}?${text}&X-Amz-Signature=${signature.toString("hex")}`;
}

/** The address of an object. Each part of the key is encoded as the signature wants it. */
export const objectUrl = (endpoint: string, bucket: string, key: string): URL =>
  new URL(`${endpoint.replace(/\/+$/, "")}/${[bucket, ...key.split("/")].map(encoded).join("/")}`);

const signingKey = ({ secretKey }: Keys, scope: string): Buffer =>
  scope.split("/").reduce<Buffer>((key, part) => hmac(key, part), Buffer.from(`AWS4${secretKey}`));

const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

const ordered = (values: Record<string, string>): [string, string][] =>
  Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));

/** RFC 3986: everything but letters, digits and `-._~`. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
