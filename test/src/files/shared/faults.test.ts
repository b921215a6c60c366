import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Refusal } from "../../../../src/errors.ts";
import { type Place, placeOf } from "../../../../src/files/shared/place.ts";
import type { FileStore } from "../../../../src/files/store.ts";
import type { Client } from "../../../../src/fleet/connect.ts";
import { SetupError } from "../../../../src/fleet/errors.ts";
import { hasPostgres, hasS3, s3 } from "../../../fleet/servers.ts";
import { silentProxy } from "../../../fleet/silence.ts";
import { temporaryFolder } from "../folder.ts";
import { type Fleet, fleet, node } from "./fleet.ts";

setDefaultTimeout(60_000);

const text = (words: string) => new TextEncoder().encode(words);
const contentOf = async (store: FileStore, record: Parameters<FileStore["local"]>[0]) =>
  Bun.file(await store.local(record)).text();
const bucketOf = ({ settings }: Fleet) => (placeOf(settings) as Extract<Place, { kind: "bucket" }>).bucket;
const day = 86_400;
const deadlines = { answer: 300, silence: 300, rate: 1e6, pauses: [10, 10, 10] };
const unavailable = { code: "files_unavailable", status: 503 };

async function* pieces(content: string) {
  yield text(content);
}

/** A fleet whose bucket is behind a network that can go silent. */
async function behindNetwork() {
  const proxy = await silentProxy(Number(new URL((await s3()).endpoint).port));
  const made = await fleet("bucket", { s3_endpoint: `http://127.0.0.1:${proxy.port}` });
  return { made, proxy, [Symbol.dispose]: () => proxy[Symbol.dispose]() };
}

describe.skipIf(!hasPostgres || !hasS3)("a bucket", () => {
  test("gives a node what another one stored, whole and in parts, and is asked once", async () => {
    using network = await behindNetwork();
    const { made, proxy } = network;
    const writer = await node(made);
    const record = await writer.store(text("0123456789"), {});
    const cacheFolder = join(temporaryFolder(), "cache");
    const reader = await node(made, { cacheFolder, deadlines });
    const part = await reader.read(record, { start: 2, end: 5 });
    expect(await new Response(part).text()).toBe("234");
    expect(readdirSync(join(cacheFolder, "blobs"))).toEqual([]);
    const both = await Promise.all([contentOf(reader, record), contentOf(reader, record)]);
    expect(both).toEqual(["0123456789", "0123456789"]);
    proxy.silent = true;
    expect(await contentOf(reader, record)).toBe("0123456789");
    expect(await new Response(await reader.read(record, { start: 8, end: 10 })).text()).toBe("89");
  });

  test("with other bytes than recorded is refused, and no copy is kept", async () => {
    const made = await fleet("bucket");
    const record = await (await node(made)).store(text("right"), {});
    const cacheFolder = join(temporaryFolder(), "cache");
    const reader = await node(made, { cacheFolder });
    for (const other of ["wrong", "wrong size", ""]) {
      await bucketOf(made).put(`blobs/${record.file_id}`, text(other));
      await expect(reader.local(record)).rejects.toMatchObject({ code: "file_damaged" });
      expect(readdirSync(join(cacheFolder, "blobs"))).toEqual([]);
      expect(readdirSync(join(cacheFolder, "incoming"))).toEqual([]);
    }
    await expect(reader.read(record, { start: 0, end: 2 })).rejects.toMatchObject({ code: "file_damaged" });
    await bucketOf(made).put(`blobs/${record.file_id}`, text("right"));
    expect(await contentOf(reader, record)).toBe("right");
  });

  test("that two nodes complete one upload from holds one file of it", async () => {
    const made = await fleet("bucket");
    const nodes = await Promise.all([node(made), node(made), node(made)]);
    const { uploads } = nodes[0]!;
    for (let times = 0; times < 5; times++) {
      const { id } = await uploads.begin({ filename: "a.txt", size: 5 }, 60);
      await uploads.receive(id, pieces("bytes"));
      const records = await Promise.all(nodes.map((each) => each.uploads.complete(id)));
      const ids = new Set(records.map(({ file_id }) => file_id));
      expect(ids.size).toBe(1);
      expect(await uploads.complete(id)).toMatchObject({ file_id: [...ids][0] });
      expect((await nodes[1]!.list()).data).toHaveLength(times + 1);
      expect(await Array.fromAsync(bucketOf(made).list("blobs/"))).toHaveLength(times + 1);
    }
    const keys = () => made.sql`SELECT 1 FROM settings WHERE name LIKE 'file_of_%'`;
    await nodes[0]!.sweep(day);
    expect(await keys()).toHaveLength(5);
    await made.sql`UPDATE settings SET value = split_part(value, ' ', 1) || ' 1000' WHERE name LIKE 'file_of_%'`;
    await nodes[0]!.sweep(day);
    expect(await keys()).toHaveLength(0);
  });

  test("keeps the bytes of a record whose commit got no answer", async () => {
    const made = await fleet("bucket");
    let isCut = false;
    const client: Client = {
      begin: (work) => made.client.begin(work),
      async run(work) {
        const result = await made.client.run(work);
        if (isCut) throw new Refusal("store_unavailable", "the answer was lost");
        return result;
      },
    };
    const store = await node({ ...made, client });
    isCut = true;
    await expect(store.store(text("kept"), {})).rejects.toMatchObject({ code: "store_unavailable" });
    isCut = false;
    const [record] = (await store.list()).data;
    expect(await contentOf(await node(made), record!)).toBe("kept");
  });

  test("that is silent refuses what brings bytes, gives what is here, and takes deletions", async () => {
    using network = await behindNetwork();
    const { made, proxy } = network;
    const cacheFolder = join(temporaryFolder(), "cache");
    const store = await node(made, { cacheFolder, deadlines });
    const here = await store.store(text("here"), {});
    const there = await (await node(made)).store(text("there"), {});
    expect(store.answers?.()).toBe(true);
    proxy.silent = true;
    while (store.answers?.()) await Bun.sleep(20);
    await expect(store.store(text("new"), {})).rejects.toMatchObject(unavailable);
    await expect(store.local(there)).rejects.toMatchObject(unavailable);
    await expect(store.sweep(day)).rejects.toMatchObject(unavailable);
    expect(readdirSync(join(cacheFolder, "blobs"))).toEqual([here.file_id]);
    expect((await store.list()).data).toHaveLength(2);
    expect(await contentOf(store, here)).toBe("here");
    expect(await store.delete(here.file_id)).toBe(true);
    expect(await store.get(here.file_id)).toBeUndefined();
    proxy.silent = false;
    expect(await contentOf(store, there)).toBe("there");
  });

  test("that comes back gets the result that was kept for it", async () => {
    using network = await behindNetwork();
    const { made, proxy } = network;
    const store = await node(made, { deadlines });
    proxy.silent = true;
    const patience = { seconds: 600, signal: new AbortController().signal };
    const staged = store.stage(text("result"), { patience });
    let isOver = false;
    void staged.finally(() => {
      isOver = true;
    });
    await Bun.sleep(2500);
    expect(isOver).toBe(false);
    proxy.silent = false;
    const record = await staged;
    await store.insert(record);
    expect(await contentOf(await node(made), record)).toBe("result");
  });

  test("that stays away leaves nothing of a result whose time is over, or whose job was canceled", async () => {
    using network = await behindNetwork();
    const { made, proxy } = network;
    const cacheFolder = join(temporaryFolder(), "cache");
    const store = await node(made, { cacheFolder, deadlines });
    proxy.silent = true;
    const job = new AbortController();
    const over = store.stage(text("a"), { patience: { seconds: 0, signal: job.signal } });
    await expect(over).rejects.toMatchObject(unavailable);
    const canceled = store.stage(text("b"), { patience: { seconds: 600, signal: job.signal } });
    await Bun.sleep(200);
    job.abort(new Error("canceled"));
    await expect(canceled).rejects.toThrow("canceled");
    expect(readdirSync(join(cacheFolder, "blobs"))).toEqual([]);
  });

  test("keeps the bytes of a node that was killed before its commit until the sweep of a day later", async () => {
    const made = await fleet("bucket");
    const store = await node(made);
    const kept = await store.store(text("kept"), {});
    const argument = JSON.stringify({ settings: made.settings, folder: temporaryFolder() });
    const child = Bun.spawn([process.execPath, join(import.meta.dir, "staging-child.ts"), argument]);
    const said = await child.stdout.getReader().read();
    const line = new TextDecoder().decode(said.value).trim();
    child.kill("SIGKILL");
    await child.exited;
    expect(await store.get(line)).toBeUndefined();
    expect(await bucketOf(made).head(`blobs/${line}`)).toMatchObject({ size: 100_000 });
    expect(await store.sweep(day)).toEqual({ removed: 0, missing: [] });
    const later = await node(made, { now: () => Date.now() / 1000 + day + 60 });
    expect(await later.sweep(day)).toEqual({ removed: 1, missing: [] });
    expect(await bucketOf(made).head(`blobs/${line}`)).toBeUndefined();
    expect(await contentOf(await node(made), kept)).toBe("kept");
  });

  test("that is another one than the fleet's ends the start with what to do", async () => {
    const made = await fleet("bucket");
    await node(made);
    const start = (settings: Partial<Fleet["settings"]>) =>
      node({ ...made, settings: { ...made.settings, ...settings } });
    const wrong: [Partial<Fleet["settings"]>, RegExp][] = [
      [{ files_url: `${made.settings.files_url}-other` }, /not the place that the other machines/],
      [{ files_url: "s3://missing/x" }, /may not use the bucket missing/],
      [{ files_url: null }, /files_url is not set/],
      [{ s3_secret_key: "wrong" }, /s3_secret_key is wrong/],
      [{ s3_access_key: "nobody" }, /does not know s3_access_key/],
      [{ s3_access_key: null }, /must be set/],
      [{ s3_endpoint: "http://s3.example" }, /must begin with https/],
    ];
    for (const [settings, words] of wrong) {
      const error = await start(settings).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(SetupError);
      expect((error as Error).message).toMatch(words);
      expect((error as Error).message).not.toContain(made.settings.s3_secret_key!);
    }
    await expect(start({ s3_endpoint: "http://127.0.0.1:9" })).rejects.toMatchObject(unavailable);
  });

  test("of one fleet is refused to another", async () => {
    const first = await fleet("bucket");
    await node(first);
    const { files_url } = first.settings;
    const second = await fleet("bucket", { files_url });
    await expect(node(second)).rejects.toThrow("the files of another fleet");
  });
});

describe.skipIf(!hasPostgres)("a shared folder", () => {
  test("that is not the one of the other nodes, or not mounted, ends the start", async () => {
    const made = await fleet("folder");
    await node(made);
    const empty = join(temporaryFolder(), "empty");
    const at = (path: string) =>
      node({ ...made, settings: { ...made.settings, files_url: pathToFileURL(path).href } });
    await expect(at(empty)).rejects.toThrow("make it, or mount it");
    mkdirSync(empty);
    await expect(at(empty)).rejects.toThrow("Mount the shared folder there");
    expect(readdirSync(empty)).toEqual([]);
    const file = join(temporaryFolder(), "file");
    writeFileSync(file, "");
    await expect(at(file)).rejects.toThrow("is no folder");
  });

  test("is marked once by nodes that are the first together", async () => {
    const made = await fleet("folder");
    const nodes = await Promise.all([node(made), node(made), node(made), node(made)]);
    const record = await nodes[0]!.store(text("one"), {});
    for (const other of nodes) expect(await contentOf(other, record)).toBe("one");
    const alone = { ...made, settings: { ...made.settings, ...(await otherFolder()) } };
    await expect(node(alone)).rejects.toThrow("not the folder that the other machines");
  });

  test("of two first nodes that do not share it, one is refused", async () => {
    const made = await fleet("folder");
    const alone = { ...made, settings: { ...made.settings, ...(await otherFolder()) } };
    const outcomes = await Promise.allSettled([node(made), node(alone)]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });

  test("that is gone for a while loses no file", async () => {
    const made = await fleet("folder");
    const store = await node(made);
    const record = await store.store(text("kept"), {});
    const root = (placeOf(made.settings) as Extract<Place, { kind: "folder" }>).root;
    renameSync(root, `${root}-away`);
    await expect(store.local(record)).rejects.toMatchObject(unavailable);
    await expect(store.store(text("new"), {})).rejects.toMatchObject(unavailable);
    // an empty folder is what a mount leaves behind
    mkdirSync(root);
    await expect(store.local(record)).rejects.toMatchObject(unavailable);
    await expect(store.sweep(day)).rejects.toMatchObject(unavailable);
    rmSync(root, { recursive: true });
    renameSync(`${root}-away`, root);
    expect(await contentOf(store, record)).toBe("kept");
  });
});

async function otherFolder() {
  const root = join(temporaryFolder(), "shared");
  mkdirSync(root);
  return { files_url: pathToFileURL(root).href };
}
