import { expect, test } from "bun:test";
import { existsSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { type CacheOptions, openCache } from "../../../../src/files/shared/cache.ts";
import { temporaryFolder } from "../folder.ts";

const name = (n: number) => `file_${String(n).padStart(32, "0")}`;

async function opened(more: Partial<CacheOptions> = {}) {
  const clock = { now: 1_000_000 };
  const options = {
    root: temporaryFolder(),
    identity: "fleet",
    maxBytes: 300,
    now: () => clock.now,
    ...more,
  };
  const cache = await openCache(options);
  return {
    cache,
    clock,
    options,
    kept: () =>
      readdirSync(join(options.root, "blobs"))
        .map((file) => Number(file.slice(5)))
        .sort(),
    async add(n: number, size = 100) {
      const writer = await cache.writer(name(n), size);
      await writer.write(new Uint8Array(size));
      await writer.commit();
      clock.now += 100;
    },
  };
}

test("the least recently used copy goes when a new one needs its room", async () => {
  const { cache, clock, add, kept } = await opened();
  for (const n of [1, 2, 3]) await add(n);
  expect(cache.use(name(1))).toBeString();
  clock.now += 100;
  await add(4);
  expect(kept()).toEqual([1, 3, 4]);
  expect(cache.use(name(2))).toBeUndefined();
  await add(5, 250);
  expect(kept()).toEqual([5]);
});

test("a copy that a job holds stays until the job is over, whatever its size", async () => {
  const { cache, add, kept, clock } = await opened();
  const job = new AbortController();
  await add(1);
  cache.use(name(1), job.signal);
  clock.now += 100;
  for (const n of [2, 3, 4, 5]) await add(n);
  expect(kept()).toEqual([1, 4, 5]);
  await add(6, 400);
  expect(kept()).toEqual([1, 6]);
  job.abort();
  await add(7);
  expect(kept()).toEqual([7]);
});

test("a copy that was just asked for can still be opened", async () => {
  const { cache, add, clock, kept } = await opened();
  for (const n of [1, 2, 3]) await add(n);
  const path = cache.use(name(1))!;
  clock.now += 5;
  await add(4, 300);
  expect(existsSync(path)).toBe(true);
  expect(kept()).toEqual([1, 4]);
});

test("copies and the order of their use outlive a restart, partial ones do not", async () => {
  const { cache, add, kept, options, clock } = await opened();
  for (const n of [1, 2, 3]) await add(n);
  const half = await cache.writer(name(9));
  await half.write(new Uint8Array(10));
  for (const [n, used] of [
    [1, 30],
    [2, 10],
    [3, 20],
  ] as const)
    utimesSync(join(options.root, "blobs", name(n)), used, used);
  const again = await openCache({ ...options, maxBytes: 200, now: () => clock.now });
  expect(kept()).toEqual([1, 3]);
  expect(readdirSync(join(options.root, "incoming"))).toEqual([]);
  expect(again.use(name(3))).toBeString();
  await half.abort();
});

test("copies of another fleet are removed", async () => {
  const { add, kept, options } = await opened();
  await add(1);
  const other = await openCache({ ...options, identity: "other" });
  expect(kept()).toEqual([]);
  expect(other.use(name(1))).toBeUndefined();
});

test("bytes that are not those that were wanted never become a copy", async () => {
  const { cache, kept, options } = await opened();
  const writer = await cache.writer(name(1));
  await writer.write(new Uint8Array(3));
  await expect(writer.commit({ size: 3, sha256: "0".repeat(64) })).rejects.toMatchObject({
    code: "file_damaged",
  });
  expect(cache.use(name(1))).toBeUndefined();
  expect(kept()).toEqual([]);
  expect(readdirSync(join(options.root, "incoming"))).toEqual([]);
});
