/**
 * Where a fleet's bytes are kept: which place the settings name, whether it is the one that all nodes use, and what is wrong with it.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import { fileURLToPath } from "node:url";
import type { Client } from "../../fleet/connect.ts";
import { SetupError } from "../../fleet/errors.ts";
import { isLoopbackHost } from "../../settings/rules.ts";
import type { Settings } from "../../settings/settings.ts";
import type { Deadlines } from "./attempts.ts";
import { Bucket, BucketRefusal } from "./bucket.ts";
import { openSharedFolder } from "./shared-folder.ts";

export type PlaceSettings = Pick<
  Settings,
  | "files_url"
  | "s3_endpoint"
  | "s3_region"
  | "s3_access_key"
  | "s3_secret_key"
  | "s3_public_endpoint"
  | "allow_insecure_fleet"
  | "fleet_ca_file"
>;

export type Place = { kind: "folder"; root: string } | { kind: "bucket"; bucket: Bucket; name: string };

export interface Wire {
  deadlines?: Deadlines | undefined;
}

/** The file in the place that names the fleet whose bytes it holds. */
export const marker = "owner";

/**
 * The place that the settings name. Nothing is asked of it yet.
 *
 * @throws {SetupError}
 */
export function placeOf(settings: PlaceSettings, { deadlines }: Wire = {}): Place {
  const { files_url } = settings;
  if (files_url === null)
    throw new SetupError(
      "files_url is not set: a fleet keeps its files in a bucket (s3://bucket/prefix) or in a folder that all machines share (file:///folder)",
    );
  const url = URL.parse(files_url);
  if (url?.protocol === "file:") return { kind: "folder", root: fileURLToPath(url) };
  const [, name, path = ""] = /^s3:\/\/([^/]+)(?:\/(.*))?$/.exec(files_url) ?? [];
  if (name === undefined) throw new SetupError("files_url is neither s3://bucket/prefix nor file:///folder");
  if (!isBucketName(name))
    throw new SetupError(
      `files_url names the bucket ${name}, which no S3 server has: a bucket's name is 3 to 63 small letters, digits, hyphens and dots, ` +
        "begins and ends with a letter or digit, and is no IP address",
    );
  const { s3_access_key: accessKey, s3_secret_key: secretKey, s3_region: region } = settings;
  if (accessKey === null || secretKey === null)
    throw new SetupError("files_url names a bucket, so s3_access_key and s3_secret_key must be set");
  const endpoint = settings.s3_endpoint ?? `https://s3.${region}.amazonaws.com`;
  requireSafe("s3_endpoint", endpoint, settings);
  if (settings.s3_public_endpoint !== null)
    requireSafe("s3_public_endpoint", settings.s3_public_endpoint, settings);
  const prefix = path.replaceAll(/^\/+|\/+$/g, "");
  const bucket = new Bucket({
    endpoint,
    region,
    bucket: name,
    prefix: prefix === "" ? "" : `${prefix}/`,
    keys: { accessKey, secretKey, sessionToken: process.env.AWS_SESSION_TOKEN },
    publicEndpoint: settings.s3_public_endpoint ?? undefined,
    ca: settings.fleet_ca_file === null ? undefined : certificates(settings.fleet_ca_file),
    deadlines,
  });
  return { kind: "bucket", bucket, name };
}

/** The rule of S3, which servers answer with errors that name no rule. */
const isBucketName = (name: string): boolean =>
  /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name) &&
  name.length >= 3 &&
  name.length <= 63 &&
  !name.includes("..") &&
  !/^\d+(\.\d+){3}$/.test(name);

/** The database's CA may be the bucket's, too; a bucket of a provider has one that everybody knows. */
function certificates(path: string): string[] {
  let own: string;
  try {
    own = readFileSync(path, "utf8");
  } catch (error) {
    throw new SetupError(`fleet_ca_file ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (!/-----BEGIN [A-Z0-9 ]*CERTIFICATE-----/.test(own))
    throw new SetupError(`fleet_ca_file ${path} holds no certificate in PEM form`);
  return [...getCACertificates("default"), own];
}

function requireSafe(setting: string, text: string, { allow_insecure_fleet }: PlaceSettings): void {
  const url = URL.parse(text);
  if (!url) throw new SetupError(`${setting} is no URL, such as https://s3.example`);
  if (url.protocol === "https:" || allow_insecure_fleet || isLoopbackHost(url.hostname)) return;
  throw new SetupError(`${setting} must begin with https:// unless it is on this machine`);
}

/**
 * Checks that this node reaches the place that the other nodes use, and may write there. The first node marks it.
 *
 * @returns The name of the fleet in the place.
 * @throws {SetupError}
 * @throws {Refusal} `files_unavailable` when it does not answer.
 */
export async function takePlace(place: Place, client: Client, url: string): Promise<string> {
  const identity = await identityOf(client);
  const { read, write } = place.kind === "folder" ? folderMarker(place.root) : bucketMarker(place);
  const found = await read();
  if (found !== undefined && found !== identity)
    throw new SetupError(
      `files_url ${url} holds the files of another fleet or of a single machine: choose another folder or prefix`,
    );
  // The row and the mark are made together: of two nodes that are the first, one waits here for the other.
  await client.begin(async (sql) => {
    const [first] = await sql`
      INSERT INTO settings (name, value) VALUES ('files_marked', 'yes') ON CONFLICT (name) DO NOTHING RETURNING name`;
    if (first && found === undefined) await write(identity);
  });
  if ((await read()) === identity) return identity;
  throw new SetupError(
    place.kind === "folder"
      ? `files_url ${url} is not the folder that the other machines of the fleet use: its file ${marker} is missing. Mount the shared folder there`
      : `files_url ${url} is not the place that the other machines of the fleet use: its object ${marker} is missing. Compare files_url and s3_endpoint with theirs`,
  );
}

/** Names the fleet in its place, made once. */
async function identityOf(client: Client): Promise<string> {
  const fresh = crypto.randomUUID().replaceAll("-", "");
  return client.run(async (sql) => {
    await sql`INSERT INTO settings (name, value) VALUES ('files_identity', ${fresh}) ON CONFLICT (name) DO NOTHING`;
    const [row] = await sql`SELECT value FROM settings WHERE name = 'files_identity'`;
    return String(row.value);
  });
}

interface Marker {
  read(): Promise<string | undefined>;
  write(identity: string): Promise<void>;
}

function folderMarker(root: string): Marker {
  return {
    async read() {
      const found = await stat(root).catch((error: NodeJS.ErrnoException) => {
        throw new SetupError(
          `The folder ${root} of files_url cannot be used (${error.code}): make it, or mount it`,
        );
      });
      if (!found.isDirectory()) throw new SetupError(`files_url names ${root}, which is no folder`);
      const file = Bun.file(join(root, marker));
      return (await file.exists()) ? (await file.text()).trim() || undefined : undefined;
    },
    async write(identity) {
      await openSharedFolder(root, identity).catch((error: NodeJS.ErrnoException) => {
        throw new SetupError(`The folder ${root} of files_url cannot be written (${error.code})`);
      });
    },
  };
}

function bucketMarker({ bucket, name }: { bucket: Bucket; name: string }): Marker {
  const said = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw setupErrorOf(error, name);
    }
  };
  return {
    async read() {
      const got = await said(bucket.get(marker));
      return got && (await new Response(got.body).text()).trim();
    },
    async write(identity) {
      await said(bucket.put(marker, new TextEncoder().encode(`${identity}\n`)));
    },
  };
}

/** Whether this node may write and remove objects. @throws {SetupError} */
export async function probeBucket(bucket: Bucket, name: string): Promise<void> {
  const key = `incoming/probe-${crypto.randomUUID()}`;
  try {
    await bucket.put(key, new TextEncoder().encode("easel"));
    await bucket.remove(key);
    for await (const _ of bucket.list(key)) break;
  } catch (error) {
    throw setupErrorOf(error, name);
  }
}

/** An error that waiting does not mend, in words for the operator; any other as it is. */
function setupErrorOf(error: unknown, name: string): unknown {
  if (error instanceof BucketRefusal) return new SetupError(problemOf(error, name));
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = String((cause as { code?: unknown }).code ?? "");
    if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
      return new SetupError(
        "The server of s3_endpoint has a certificate for another name: use the name that it was made for",
      );
    if (/CERT|VERIFY|ISSUER|SELF_SIGNED/.test(code))
      return new SetupError(
        `The server of s3_endpoint has a certificate that no known CA signed, or that has expired (${code}): add its CA to the file that ` +
          "fleet_ca_file names",
      );
  }
  return error;
}

/** The server's refusal in words for the operator. */
function problemOf({ status, code, clockProblem }: BucketRefusal, name: string): string {
  if (clockProblem !== undefined) return clockProblem[0]!.toUpperCase() + clockProblem.slice(1);
  switch (code) {
    case "NoSuchBucket":
      return `There is no bucket ${name} on the server of s3_endpoint: make it, or correct files_url`;
    case "InvalidAccessKeyId":
      return "The server of s3_endpoint does not know s3_access_key";
    case "SignatureDoesNotMatch":
      return "The server of s3_endpoint refuses the signature: s3_secret_key is wrong";
    case "AuthorizationHeaderMalformed":
    case "PermanentRedirect":
    case "AuthorizationQueryParametersError":
      return `The bucket ${name} is in another region: correct s3_region`;
    case "AccessDenied":
      return `s3_access_key may not use the bucket ${name}: it needs to get, put, delete and list objects under the prefix of files_url`;
    default:
      return `The bucket ${name} cannot be used: its server answers ${status} ${code}`;
  }
}
