/**
 * Hugging Face: the listing of a repository, and the cache layout on the disk that other programs share.
 *
 * @module
 */

import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, relative } from "node:path";
import { writeAtomicSync } from "../../disk/write-atomic.ts";
import { DownloadError } from "./errors.ts";
import { type DownloadOptions, downloadFile, type Expected } from "./file.ts";
import { broughtBytes } from "./partial.ts";
import { get, refuse } from "./request.ts";
import { withRetries } from "./retry.ts";

/** Hugging Face's settings from the environment. */
export interface HubEnv {
  endpoint: string;
  token: string | undefined;
  /** The folder with a `models--…` folder for each repository. */
  cache: string;
}

export function hubEnv(env: Record<string, string | undefined> = process.env): HubEnv {
  const home =
    env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), ".cache"), "huggingface");
  return {
    endpoint: (env.HF_ENDPOINT || "https://huggingface.co").replace(/\/+$/, ""),
    token: env.HF_TOKEN || tokenFile(env.HF_TOKEN_PATH ?? join(home, "token")),
    cache: env.HF_HUB_CACHE ?? env.HUGGINGFACE_HUB_CACHE ?? join(home, "hub"),
  };
}

function tokenFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8").trim() || undefined;
  } catch {
    return undefined;
  }
}

export interface HubFile {
  path: string;
  expected: Expected;
}

export interface HubListing {
  repo: string;
  commit: string;
  files: HubFile[];
}

/** The files of a repository that match the patterns (`transformer/*.safetensors`), with their sizes and hashes. */
export async function listRepo(
  repo: string,
  revision: string,
  patterns: readonly string[],
  hub: HubEnv,
  options: DownloadOptions = {},
): Promise<HubListing> {
  requireAddress(hub.endpoint);
  // Loaded here, since only downloads need it.
  const { listFiles, modelInfo } = await import("@huggingface/hub");
  const access = { hubUrl: hub.endpoint, fetch: hubFetch(hub, options) };
  try {
    const { sha } = await modelInfo({ name: repo, revision, additionalFields: ["sha"], ...access });
    // It becomes part of addresses and of a folder's name.
    if (!isCommit(sha)) throw notLikeHub(repo, hub);
    const globs = patterns.map((pattern) => new Bun.Glob(pattern));
    const files: HubFile[] = [];
    for await (const entry of listFiles({ repo, revision: sha, recursive: true, ...access })) {
      if (entry.type !== "file" || !globs.some((glob) => glob.match(entry.path))) continue;
      const expected = expectation(entry);
      if (!safe(entry.path) || !/^[0-9a-f]{40,64}$/.test(expected.etag))
        throw new DownloadError("server_error", `The listing of ${repo} names an impossible file`);
      files.push({ path: entry.path, expected });
    }
    for (const pattern of patterns) {
      const glob = new Bun.Glob(pattern);
      if (!files.some((file) => glob.match(file.path)))
        throw new DownloadError("not_found", `${repo} has no file ${pattern}`);
    }
    return { repo, commit: sha, files };
  } catch (error) {
    throw asHubError(error, repo, hub);
  }
}

/** The variable is set by hand. */
function requireAddress(endpoint: string): void {
  const protocol = URL.parse(endpoint)?.protocol;
  if (protocol === "https:" || protocol === "http:") return;
  throw new DownloadError(
    "server_error",
    `HF_ENDPOINT must be an address such as https://huggingface.co, not ${endpoint}`,
  );
}

/**
 * The `fetch` that `@huggingface/hub` uses. It adds the token, because the package accepts only Hugging Face's own format and mirrors
 * have others. The token is never sent to another host on a redirect, and a busy host is retried.
 */
function hubFetch({ endpoint, token }: HubEnv, options: DownloadOptions): typeof fetch {
  const home = new URL(endpoint).origin;
  const signal = options.signal ?? new AbortController().signal;
  const send = (input: Parameters<typeof fetch>[0], init: RequestInit = {}) =>
    withRetries(async () => {
      const url = input instanceof Request ? input.url : String(input);
      const remote = { url, token: new URL(url).origin === home ? token : undefined };
      const headers = Object.fromEntries(new Headers(init.headers));
      const response = await get(remote, { fetch: options.fetch ?? fetch, headers, signal });
      // the package reports every other status itself
      if (response.status === 429 || response.status >= 500) await refuse(response, remote);
      return response;
    }, options);
  return Object.assign(send, { preconnect: fetch.preconnect });
}

/** The listing comes from the network: a name must stay inside the snapshot, a hash must be one. */
function safe(path: string): boolean {
  return path !== "" && !path.startsWith("/") && !path.split("/").includes("..") && !/[\\\0]/.test(path);
}

function expectation(entry: {
  path: string;
  size: number;
  oid?: string;
  lfs?: { oid: string; size: number };
}): Expected {
  if (entry.lfs)
    return { size: entry.lfs.size, etag: entry.lfs.oid, digest: { kind: "sha256", hex: entry.lfs.oid } };
  if (!entry.oid) throw new DownloadError("server_error", `The listing has no hash for ${entry.path}`);
  return { size: entry.size, etag: entry.oid, digest: { kind: "git-sha1", hex: entry.oid } };
}

function asHubError(error: unknown, repo: string, hub: HubEnv): unknown {
  if (error instanceof DownloadError) return error;
  const status = (error as { statusCode?: number }).statusCode;
  const page = `${hub.endpoint}/${repo}`;
  if (status === 401)
    return new DownloadError(
      "not_authenticated",
      `${repo} cannot be read without a token (or does not exist): set HF_TOKEN, see ${page}`,
    );
  if (status === 403)
    return new DownloadError(
      "not_approved",
      `${repo} is gated: accept its terms at ${page} with the account of HF_TOKEN`,
    );
  if (status === 404) return new DownloadError("not_found", `${repo} is not on ${hub.endpoint}`);
  if (status !== undefined)
    return new DownloadError("server_error", `${hub.endpoint} answered HTTP ${status}`);
  return notLikeHub(repo, hub);
}

const notLikeHub = (repo: string, { endpoint }: HubEnv) =>
  new DownloadError(
    "server_error",
    `${endpoint} does not answer like Hugging Face: the list of files of ${repo} could not be read. Check HF_ENDPOINT`,
  );

const isCommit = (name: unknown): name is string => /^[0-9a-f]{6,64}$/.test(String(name));

/** The folder of a repository in the cache. */
export function repoFolder(cache: string, repo: string): string {
  return join(cache, `models--${repo.replaceAll("/", "--")}`);
}

/** The snapshot that `revision` names in the cache, or null. It may lack files. */
export function snapshot(cache: string, repo: string, revision: string): string | null {
  const folder = repoFolder(cache, repo);
  if (!existsSync(folder)) return null;
  let commit = revision;
  try {
    commit = readFileSync(join(folder, "refs", revision), "utf8").trim();
  } catch {
    // A revision that is itself a commit has no ref.
  }
  const path = join(folder, "snapshots", commit);
  return isCommit(commit) && existsSync(path) ? path : null;
}

/** Bytes that still have to come for a listing. */
export function missingBytes(listing: HubListing, hub: HubEnv): number {
  const folder = repoFolder(hub.cache, listing.repo);
  return listing.files
    .filter((file) => !isWhole(folder, listing.commit, file))
    .reduce((sum, { expected }) => sum + expected.size - broughtBytes(blobOf(folder, expected), expected), 0);
}

const blobOf = (folder: string, { etag }: Expected) => join(folder, "blobs", etag);

function isWhole(folder: string, commit: string, file: HubFile): boolean {
  try {
    return statSync(join(folder, "snapshots", commit, file.path)).size === file.expected.size;
  } catch {
    return false;
  }
}

/**
 * Brings a listing's files into the cache: a blob named by its hash, a link to it from the snapshot, and last the ref, so that
 * no reader sees a revision with missing files.
 */
export async function downloadRepo(
  listing: HubListing,
  revision: string,
  hub: HubEnv,
  options: DownloadOptions & { onFile?: (path: string, done: number, total: number) => void } = {},
): Promise<string> {
  const folder = repoFolder(hub.cache, listing.repo);
  const root = join(folder, "snapshots", listing.commit);
  for (const file of listing.files) {
    if (isWhole(folder, listing.commit, file)) {
      options.onFile?.(file.path, file.expected.size, file.expected.size);
      continue;
    }
    const blob = blobOf(folder, file.expected);
    if (!existsSync(blob) || statSync(blob).size !== file.expected.size) {
      const path = file.path.split("/").map(encodeURIComponent).join("/");
      const url = `${hub.endpoint}/${listing.repo}/resolve/${listing.commit}/${path}`;
      await downloadFile({ url, token: hub.token }, file.expected, blob, {
        ...options,
        name: `${listing.repo}/${file.path}`,
        onBytes: (done) => options.onFile?.(file.path, done, file.expected.size),
      });
    }
    link(blob, join(root, file.path));
  }
  const ref = join(folder, "refs", revision);
  if (revision !== listing.commit) {
    mkdirSync(dirname(ref), { recursive: true });
    writeAtomicSync(ref, listing.commit, { mode: 0o666, durable: false });
  }
  return root;
}

function link(blob: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  if (lstatSync(path, { throwIfNoEntry: false })) rmSync(path);
  symlinkSync(relative(dirname(path), blob), path);
}
