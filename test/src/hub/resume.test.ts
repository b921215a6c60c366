import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, spyOn, test } from "bun:test";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DownloadError } from "../../../src/hub/download/errors.ts";
import { type DownloadOptions, downloadFile, type Expected } from "../../../src/hub/download/file.ts";
import { lock } from "../../../src/hub/download/lock.ts";
import type { Range } from "../../../src/hub/download/ranges.ts";
import { type Behaviour, hubServer, sha256 } from "./hub-server.ts";

let folder: string;
let path: string;
let partial: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-resume-"));
  path = join(folder, "weights.safetensors");
  partial = `${path}.easel-partial`;
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const content = crypto.getRandomValues(new Uint8Array(65536)).toHex().repeat(12);
const bytes = new TextEncoder().encode(content); // 1.5 MB
const hashed: Expected = {
  size: bytes.length,
  etag: sha256(bytes),
  digest: { kind: "sha256", hex: sha256(bytes) },
};
/** As a plain address that publishes no hash. */
const unhashed: Expected = { size: bytes.length, etag: '"one"', digest: null, validator: '"one"' };
const quick: DownloadOptions = { partBytes: 256 * 1024, sleep: async () => {} };

function left(synced: Range[], { etag, size, validator = null }: Expected, data: Uint8Array = bytes): void {
  writeFileSync(partial, data);
  writeFileSync(`${partial}.json`, JSON.stringify({ size, etag, validator, synced }));
}

async function fetchFile(expected: Expected, behaviour: Behaviour = {}, options: DownloadOptions = {}) {
  using hub = hubServer({ "weights.safetensors": bytes }, behaviour);
  const remote = { url: `${hub.url}/weights.safetensors` };
  const error = await downloadFile(remote, expected, path, { ...quick, ...options }).catch(
    (error: unknown) => error,
  );
  return {
    error: error as DownloadError | undefined,
    sent: hub.seen.reduce((sum, each) => sum + each.bytes, 0),
  };
}

describe("what an earlier run left", () => {
  test("is gone on with, and none of it fetched again", async () => {
    left(
      [
        [0, 100_000],
        [700_000, 900_000],
      ],
      hashed,
    );
    const { error, sent } = await fetchFile(hashed);
    expect(error).toBeUndefined();
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(sent).toBe(bytes.length - 300_000);
    expect(readdirSync(folder)).toEqual(["weights.safetensors"]);
  });

  test("is left out when the file on the server became another one", async () => {
    left([[0, 1000]], { ...hashed, etag: "older" }, new Uint8Array(bytes.length));
    const { error, sent } = await fetchFile(hashed);
    expect(error).toBeUndefined();
    expect(sent).toBe(bytes.length);
  });

  test("counts as far as the partial file goes", async () => {
    left([[0, bytes.length]], hashed);
    truncateSync(partial, 1000);
    const { error, sent } = await fetchFile(hashed);
    expect(error).toBeUndefined();
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(sent).toBe(bytes.length - 1000);
  });

  test("counts for nothing when its record is damaged", async () => {
    left([[0, bytes.length]], hashed, new Uint8Array(bytes.length));
    writeFileSync(`${partial}.json`, '{"size":');
    const { error, sent } = await fetchFile(hashed);
    expect(error).toBeUndefined();
    expect(sent).toBe(bytes.length);
  });

  test("is thrown away when the hash shows that it was bad", async () => {
    left([[0, 1000]], hashed, new Uint8Array(1000));
    expect((await fetchFile(hashed)).error?.code).toBe("wrong_hash");
    expect(readdirSync(folder)).toEqual([]);
    expect((await fetchFile(hashed)).error).toBeUndefined();
  });

  test("holds no bytes that another program left under the name that Hugging Face's own uses", async () => {
    writeFileSync(`${path}.incomplete`, bytes.slice(0, 5000));
    expect((await fetchFile(hashed)).error).toBeUndefined();
    expect(readFileSync(`${path}.incomplete`).length).toBe(5000);
  });
});

describe("a file without a published hash", () => {
  test("is gone on with while the server calls it the same", async () => {
    // what was written and not synced before the power failed is zeros
    const torn = new Uint8Array(bytes.length);
    torn.set(bytes.subarray(0, 600_000));
    left([[0, 600_000]], unhashed, torn);
    const { error, sent } = await fetchFile(unhashed, { etag: () => '"one"' });
    expect(error).toBeUndefined();
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(sent).toBe(bytes.length - 600_000);
  });

  test("begins anew when the server calls it something else", async () => {
    left([[0, 600_000]], unhashed);
    const other = { ...unhashed, etag: '"two"', validator: '"two"' };
    const { error, sent } = await fetchFile(other, { etag: () => '"two"' });
    expect(error).toBeUndefined();
    expect(sent).toBe(bytes.length);
  });

  test("that becomes another one on the way is not put together of two", async () => {
    let asked = 0;
    const { error } = await fetchFile(unhashed, { etag: () => (asked++ < 2 ? '"one"' : '"two"') });
    expect(error?.code).toBe("changed");
    expect(readdirSync(folder)).toEqual([]);
  });
});

test("no range is written down before it has reached the disk itself", async () => {
  const probe = await open(join(folder, "probe"), "w");
  const prototype = Object.getPrototypeOf(probe) as typeof probe;
  await probe.close();
  rmSync(join(folder, "probe"));
  let safe = Buffer.alloc(0);
  const datasync = prototype.datasync;
  const syncs = spyOn(prototype, "datasync").mockImplementation(async function (this: typeof probe) {
    const before = readFileSync(partial);
    await datasync.call(this);
    safe = before;
  });
  const stop = new AbortController();
  const isSafe = ([start, end]: Range) => safe.subarray(start, end).equals(bytes.subarray(start, end));
  let records = 0;
  const look = () => {
    if (!existsSync(`${partial}.json`)) return;
    const { synced } = JSON.parse(readFileSync(`${partial}.json`, "utf8")) as { synced: Range[] };
    records++;
    expect(synced.filter((range) => !isSafe(range))).toEqual([]);
  };
  const { error } = await fetchFile(
    hashed,
    {},
    {
      signal: stop.signal,
      connections: 2,
      onBytes: (done) => {
        look();
        if (done > bytes.length / 2) stop.abort();
      },
    },
  );
  syncs.mockRestore();
  look();
  expect(error?.code).toBe("canceled");
  expect(records).toBeGreaterThan(0);
});

describe("two downloads of one file", () => {
  test("do not run at once in one process", async () => {
    using hub = hubServer({ "weights.safetensors": bytes });
    const remote = { url: `${hub.url}/weights.safetensors` };
    const outcomes = await Promise.allSettled([
      downloadFile(remote, hashed, path, quick),
      downloadFile(remote, hashed, path, quick),
    ]);
    // Either may be first.
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = outcomes.find(({ status }) => status === "rejected") as PromiseRejectedResult;
    expect(refused.reason.code).toBe("busy");
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  test("do not run at once in two, and a process that dies hinders nobody", async () => {
    using hub = hubServer({ "weights.safetensors": bytes }, { trickle: { times: 1 } });
    const module = join(import.meta.dir, "../../../src/hub/download/file.ts");
    const script = `const { downloadFile } = await import(${JSON.stringify(module)});
      await downloadFile({ url: ${JSON.stringify(`${hub.url}/weights.safetensors`)} },
        ${JSON.stringify(hashed)}, ${JSON.stringify(path)}, { connections: 1 });`;
    const other = Bun.spawn([process.execPath, "-e", script], { stdout: "inherit", stderr: "inherit" });
    while (hub.seen.length === 0) await Bun.sleep(5);
    expect((await fetchFile(hashed)).error?.code).toBe("busy");
    other.kill("SIGKILL");
    await other.exited;
    expect(existsSync(`${partial}.lock`)).toBe(true);
    expect((await fetchFile(hashed)).error).toBeUndefined();
    expect(readdirSync(folder)).toEqual(["weights.safetensors"]);
  });

  test("do not run at once when the lock file becomes another one while it is being taken", () => {
    const run = Database.prototype.run;
    let other: Database | undefined;
    const steps = spyOn(Database.prototype, "run").mockImplementation(function (this: Database, sql) {
      if (sql === "BEGIN EXCLUSIVE" && !other) {
        rmSync(`${partial}.lock`);
        other = new Database(`${partial}.lock`, { create: true });
        run.call(other, sql);
      }
      return run.call(this, sql);
    });
    expect(() => lock(`${partial}.lock`, "weights")).toThrow("Another process is downloading weights");
    steps.mockRestore();
    other?.close();
    lock(`${partial}.lock`, "weights")[Symbol.dispose]();
    expect(existsSync(`${partial}.lock`)).toBe(false);
  });

  test("are not hindered by a lock file that says nothing", async () => {
    writeFileSync(`${partial}.lock`, "");
    expect((await fetchFile(hashed)).error).toBeUndefined();
  });
});
