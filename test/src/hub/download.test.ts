import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import fc from "fast-check";
import { DownloadError } from "../../../src/hub/download/errors.ts";
import { type DownloadOptions, downloadFile, type Expected } from "../../../src/hub/download/file.ts";
import {
  downloadRepo,
  type HubFile,
  hubEnv,
  listRepo,
  missingBytes,
  snapshot,
} from "../../../src/hub/download/hub.ts";
import { freeBetween, joined, type Range } from "../../../src/hub/download/ranges.ts";
import { proxyFor, retryAfter } from "../../../src/hub/download/request.ts";
import { type Behaviour, gitSha1, hubServer, sha256 } from "./hub-server.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-download-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = crypto.getRandomValues(new Uint8Array(65536)).toHex().repeat(12);
const content = new TextEncoder().encode(bytes); // 1.5 MB
const expected: Expected = {
  size: content.length,
  etag: sha256(content),
  digest: { kind: "sha256", hex: sha256(content) },
};
const quick: DownloadOptions = { partBytes: 256 * 1024, sleep: async () => {} };

async function fetchFile(behaviour: Behaviour, options: DownloadOptions = {}, want: Expected = expected) {
  using hub = hubServer({ "weights.safetensors": content }, behaviour);
  const path = join(folder, "weights.safetensors");
  const remote = { url: `${hub.url}/weights.safetensors`, token: "secret" };
  const error = await downloadFile(remote, want, path, { ...quick, ...options }).catch(
    (error: unknown) => error,
  );
  return { error: error as DownloadError | undefined, path, seen: hub.seen };
}

const received = (seen: { bytes: number }[]) => seen.reduce((sum, { bytes }) => sum + bytes, 0);

test("proxyFor() names the proxy of an address without its password", () => {
  const hub = new URL("https://huggingface.co/x");
  expect(proxyFor(hub, { HTTPS_PROXY: "http://me:secret@proxy:3128" })).toEqual({
    host: "proxy:3128",
    variable: "HTTPS_PROXY",
  });
  expect(proxyFor(hub, { HTTP_PROXY: "http://proxy:3128" })).toBeNull();
  expect(proxyFor(hub, { https_proxy: "http://proxy", NO_PROXY: "localhost, .huggingface.co" })).toBeNull();
});

describe("downloadFile()", () => {
  test("brings the whole file in parts and leaves nothing else behind", async () => {
    const { error, path, seen } = await fetchFile({});
    expect(error).toBeUndefined();
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(readdirSync(folder)).toEqual(["weights.safetensors"]);
    expect(seen.length).toBe(6);
    expect(received(seen)).toBe(content.length);
  });

  test("goes on where a connection was cut, fetching no byte twice", async () => {
    const { error, path, seen } = await fetchFile({ cutAfter: { bytes: 65536, times: 9 } });
    expect(error).toBeUndefined();
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(received(seen)).toBe(content.length);
  });

  test("goes on in a later run, fetching no byte twice", async () => {
    using hub = hubServer({ "weights.safetensors": content });
    const path = join(folder, "weights.safetensors");
    const stop = new AbortController();
    let onDisk = 0;
    const options = {
      ...quick,
      connections: 1,
      signal: stop.signal,
      onBytes: (done: number) => {
        onDisk = done;
        if (done > content.length / 2) stop.abort();
      },
    };
    const remote = { url: `${hub.url}/weights.safetensors` };
    const first = await downloadFile(remote, expected, path, options).catch((error: unknown) => error);
    expect((first as DownloadError).code).toBe("canceled");
    expect(existsSync(path)).toBe(false);
    const before = hub.seen.length;
    await downloadFile(remote, expected, path, quick);
    expect(readFileSync(path).equals(content)).toBe(true);
    const resumed = hub.seen.slice(before).map(({ range }) => {
      const [start, end] = range!.slice("bytes=".length).split("-").map(Number);
      return end! + 1 - start!;
    });
    expect(resumed.reduce((a, b) => a + b)).toBe(content.length - onDisk);
  });

  test("refuses a file with another hash and keeps none of it", async () => {
    const { error, path } = await fetchFile({ corrupt: true });
    expect(error?.code).toBe("wrong_hash");
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("refuses a file of another length", async () => {
    const { error } = await fetchFile({ sayLength: content.length + 1 });
    expect(error?.code).toBe("changed");
    expect(readdirSync(folder)).toEqual([]);
  });

  test("refuses a file that ends before the promised size", async () => {
    const { error } = await fetchFile({}, {}, { ...expected, size: content.length + 512 * 1024 });
    expect(["changed", "wrong_length"]).toContain(error!.code);
    expect(existsSync(join(folder, "weights.safetensors"))).toBe(false);
  });

  test("takes the whole file once from a server that knows no ranges", async () => {
    const { error, path, seen } = await fetchFile({ ignoreRange: true });
    expect(error).toBeUndefined();
    expect(readFileSync(path).equals(content)).toBe(true);
    // one for each connection that asked for a part, and then the file
    expect(seen.filter(({ range }) => range === null).length).toBe(1);
    expect(seen.length).toBeLessThanOrEqual(5);
  });

  test("takes a 416 for a file that became shorter, and keeps none of it", async () => {
    const longer = content.length + 512 * 1024;
    const { error, seen } = await fetchFile({ sayLength: longer }, {}, { ...expected, size: longer });
    expect(error?.code).toBe("changed");
    expect(error?.message).toContain("shorter");
    expect(seen.some(({ status }) => status === 416)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("waits as long as a busy server asks for", async () => {
    const waits: number[] = [];
    const sleep = async (seconds: number) => void waits.push(seconds);
    const { error } = await fetchFile({ busy: { seconds: "7", times: 2 } }, { sleep });
    expect(error).toBeUndefined();
    expect(waits).toEqual([7, 7]);
  });

  test("tells of a long wait, and a stop ends it", async () => {
    const stop = new AbortController();
    const told: number[] = [];
    const { error } = await fetchFile(
      { busy: { seconds: "120", times: 1000 } },
      {
        sleep: (seconds) => Bun.sleep(seconds * 1000),
        signal: stop.signal,
        onWait: (seconds) => {
          told.push(seconds);
          stop.abort();
        },
      },
    );
    expect(error?.code).toBe("canceled");
    expect(told[0]).toBe(120);
  });

  test("gives up a connection that stalls and tries again", async () => {
    const { error, path } = await fetchFile({ trickle: { times: 2 } }, { stall_s: 0.2 });
    expect(error).toBeUndefined();
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  test("ends with an error when every try stalls", async () => {
    const { error } = await fetchFile({ trickle: { times: 1000 } }, { stall_s: 0.05 });
    expect(error?.code).toBe("stalled");
  });

  test("sends the token to its own host and along no redirect", async () => {
    const { error, seen } = await fetchFile({ redirect: true });
    expect(error).toBeUndefined();
    const hub = seen.filter(({ host }) => host === "hub");
    const elsewhere = seen.filter(({ host }) => host === "elsewhere");
    expect(hub.every(({ authorization }) => authorization === "Bearer secret")).toBe(true);
    expect(elsewhere.length).toBeGreaterThan(0);
    expect(elsewhere.every(({ authorization }) => authorization === null)).toBe(true);
  });

  test("asks its own host for a new link when the one to another host has run out", async () => {
    const { error, path, seen } = await fetchFile({ redirect: true, expired: { times: 3 } });
    expect(error).toBeUndefined();
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(seen.filter(({ status }) => status === 403).length).toBe(3);
  });

  test.each([
    [401, "not_authenticated"],
    [403, "not_approved"],
    [404, "not_found"],
    [500, "server_error"],
  ] as const)("names what HTTP %d means", async (status, code) => {
    const { error } = await fetchFile({ status });
    expect(error).toBeInstanceOf(DownloadError);
    expect(error?.code).toBe(code);
    expect(error?.message).not.toContain("secret");
  });
});

describe("downloadRepo()", () => {
  const files = {
    "model.safetensors": content,
    "config.json": new TextEncoder().encode("{}"),
    "sub/other.safetensors": content.subarray(0, 1000),
    "unwanted.bin": content,
  };
  const environment = (url: string) => hubEnv({ HF_ENDPOINT: url, HF_TOKEN: "secret", HF_HOME: folder });

  test("lays files out as every other program of Hugging Face expects them", async () => {
    using server = hubServer(files);
    const hub = environment(server.url);
    const listing = await listRepo("org/model", "main", ["*.safetensors", "config.json", "sub/*"], hub);
    expect(listing.files.map(({ path }) => path).sort()).toEqual([
      "config.json",
      "model.safetensors",
      "sub/other.safetensors",
    ]);
    expect(missingBytes(listing, hub)).toBe(content.length + 2 + 1000);
    const root = await downloadRepo(listing, "main", hub, quick);
    expect(root).toBe(join(folder, "hub/models--org--model/snapshots", server.commit));
    expect(readFileSync(join(root, "model.safetensors")).equals(content)).toBe(true);
    expect(readlinkSync(join(root, "sub/other.safetensors"))).toBe(
      `../../../blobs/${sha256(content.subarray(0, 1000))}`,
    );
    expect(readlinkSync(join(root, "config.json"))).toBe(`../../blobs/${gitSha1(files["config.json"])}`);
    expect(snapshot(hub.cache, "org/model", "main")).toBe(root);
    expect(missingBytes(listing, hub)).toBe(0);
  });

  test("counts what an earlier try brought, so that the disk needs room for the rest alone", async () => {
    using hub = hubServer({ "weights.safetensors": content });
    const env = hubEnv({ HF_ENDPOINT: hub.url, HF_HOME: folder });
    const listing = await listRepo("org/model", "main", ["weights.safetensors"], env);
    const [{ expected: file }] = listing.files as [HubFile];
    const partial = join(folder, "hub/models--org--model/blobs", `${file.etag}.easel-partial`);
    mkdirSync(dirname(partial), { recursive: true });
    writeFileSync(partial, content.slice(0, 5000));
    writeFileSync(
      `${partial}.json`,
      JSON.stringify({ size: file.size, etag: file.etag, validator: null, synced: [[0, 4000]] }),
    );
    expect(missingBytes(listing, env)).toBe(content.length - 4000);
  });

  test("fetches nothing that is there already", async () => {
    using server = hubServer(files);
    const hub = environment(server.url);
    const listing = await listRepo("org/model", "main", ["*.safetensors"], hub);
    await downloadRepo(listing, "main", hub, quick);
    const before = server.seen.length;
    await downloadRepo(listing, "main", hub, quick);
    expect(server.seen.length).toBe(before);
  });

  test("names no revision whose files are not whole", async () => {
    using server = hubServer(files, { corrupt: true });
    const hub = environment(server.url);
    const listing = await listRepo("org/model", "main", ["model.safetensors"], hub);
    const error = await downloadRepo(listing, "main", hub, quick).catch((error: unknown) => error);
    expect((error as DownloadError).code).toBe("wrong_hash");
    expect((error as DownloadError).message).toStartWith("org/model/model.safetensors does not");
    expect(snapshot(hub.cache, "org/model", "main")).toBeNull();
  });

  test.each(["../../../other/model", "main?x=", "", "C0FFEE", "c0ffee/..", "f".repeat(65)])(
    "follows no hub that names the commit %j",
    async (commit) => {
      using server = hubServer(files, { commit });
      const hub = environment(server.url);
      const error = await listRepo("org/model", "main", ["*"], hub).catch((error: unknown) => error);
      expect((error as DownloadError).code).toBe("server_error");
      expect(
        server.seen.filter(({ path }) => !path.startsWith("/api/models/org/model/revision/main")),
      ).toEqual([]);
    },
  );

  test.each([
    [401, "not_authenticated"],
    [403, "not_approved"],
    [404, "not_found"],
  ] as const)("names what HTTP %d of a listing means", async (listingStatus, code) => {
    using server = hubServer(files, { listingStatus });
    const error = await listRepo("org/model", "main", ["*"], environment(server.url)).catch(
      (e: unknown) => e,
    );
    expect((error as DownloadError).code).toBe(code);
  });

  test.each([
    ["an empty body", ""],
    ["null", "null"],
    ["a page", "<!doctype html><title>Log in</title>"],
    ["another object", "{}"],
  ])("says that %s is no listing, and names the variable", async (_, body) => {
    using server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response(body) });
    const error = await listRepo("org/model", "main", ["*"], environment(server.url.origin)).catch(
      (e: unknown) => e,
    );
    expect((error as DownloadError).message).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+ does not answer like Hugging Face: .* Check HF_ENDPOINT$/,
    );
  });

  test.each(["foo", "ftp://hub", "//hub"])("refuses %s as the hub's address", async (endpoint) => {
    const error = await listRepo("org/model", "main", ["*"], environment(endpoint)).catch((e: unknown) => e);
    expect((error as DownloadError).message).toBe(
      `HF_ENDPOINT must be an address such as https://huggingface.co, not ${endpoint}`,
    );
  });

  test("asks a busy hub for its listing again after the time that it says", async () => {
    using server = hubServer(files, { busyListing: { seconds: "9", times: 3 } });
    const waits: number[] = [];
    const sleep = async (seconds: number) => void waits.push(seconds);
    const listing = await listRepo("org/model", "main", ["config.json"], environment(server.url), { sleep });
    expect(listing.files.length).toBe(1);
    expect(waits).toEqual([9, 9, 9]);
  });

  test("gives a hub up that stays busy", async () => {
    using server = hubServer(files, { busyListing: { seconds: "1", times: 1000 } });
    const options = { sleep: async () => {} };
    const error = await listRepo("org/model", "main", ["*"], environment(server.url), options).catch(
      (e: unknown) => e,
    );
    expect((error as DownloadError).code).toBe("rate_limited");
    expect(server.seen.length).toBe(6);
  });

  test("sends the token along no redirect of a listing", async () => {
    using server = hubServer(files, { redirectListing: true });
    const listing = await listRepo("org/model", "main", ["config.json"], environment(server.url));
    expect(listing.files.length).toBe(1);
    const tokens = (host: string) =>
      new Set(server.seen.filter((each) => each.host === host).map(({ authorization }) => authorization));
    expect(tokens("hub")).toEqual(new Set(["Bearer secret"]));
    expect(tokens("elsewhere")).toEqual(new Set([null]));
  });

  test("refuses a listing that names a file outside the repository", async () => {
    using server = hubServer(files, {
      listing: () => [{ type: "file", path: "../../../escape.json", size: 2, oid: "a".repeat(40) }],
    });
    const error = await listRepo("org/model", "main", ["**"], environment(server.url)).catch(
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(DownloadError);
  });

  test("says which wanted file a repository lacks", async () => {
    using server = hubServer(files);
    const error = await listRepo("org/model", "main", ["absent.json"], environment(server.url)).catch(
      (e: unknown) => e,
    );
    expect((error as DownloadError).message).toBe("org/model has no file absent.json");
  });
});

describe("ranges", () => {
  const ranges = fc.array(
    fc.tuple(fc.nat(100), fc.nat(30)).map(([start, length]): Range => [start, start + length]),
  );
  const covers = (list: readonly Range[], at: number) => list.some(([start, end]) => at >= start && at < end);

  test("joined() covers the same bytes, in order and apart", () => {
    fc.assert(
      fc.property(ranges, (list) => {
        const out = joined(list);
        for (let at = 0; at < 140; at++) expect(covers(out, at)).toBe(covers(list, at));
        for (let i = 1; i < out.length; i++) expect(out[i]![0]).toBeGreaterThan(out[i - 1]![1]);
      }),
    );
  });

  test("freeBetween() is all that no range covers", () => {
    fc.assert(
      fc.property(ranges, fc.nat(140), (list, size) => {
        const gaps = freeBetween(list, size);
        for (let at = 0; at < size; at++) expect(covers(gaps, at)).toBe(!covers(list, at));
        expect(gaps.every(([start, end]) => start < end && end <= size)).toBe(true);
      }),
    );
  });
});

describe("retryAfter()", () => {
  test("reads seconds and dates and nothing else", () => {
    const now = Date.parse("2026-01-01T00:00:00Z");
    expect(retryAfter("120", now)).toBe(120);
    expect(retryAfter("Thu, 01 Jan 2026 00:01:00 GMT", now)).toBe(60);
    expect(retryAfter("soon", now)).toBeUndefined();
    expect(retryAfter(null, now)).toBeUndefined();
  });
});
