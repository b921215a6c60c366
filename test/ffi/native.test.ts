import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openArchive } from "../../ffi/archive.ts";
import { isWhole, NativePartsError, nameOf, unpackedIn } from "../../ffi/native.ts";
import { pack } from "../../scripts/build/pack.ts";

const files = {
  "libone.so": new TextEncoder().encode("one".repeat(1000)),
  "sharp/lib/two.node": crypto.getRandomValues(new Uint8Array(5000)),
  empty: new Uint8Array(0),
};
const archive = await openArchive(new Blob([new Uint8Array(await pack(files))]));

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "easel-native-"));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const unpacked = (path = root, shared = false) => unpackedIn(archive, [{ path, shared }]);
const expectFiles = (folder: string) => {
  for (const [name, bytes] of Object.entries(files))
    expect(new Uint8Array(readFileSync(join(folder, name)))).toEqual(bytes);
};

test("a first start unpacks every file, private to its owner, and leaves nothing else", async () => {
  const folder = await unpacked();
  expect(folder).toBe(join(root, nameOf(archive)));
  expectFiles(folder);
  expect(readdirSync(root)).toEqual([nameOf(archive)]);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, "libone.so")).mode & 0o777).toBe(0o500);
});

test("a later start finds the folder and writes nothing", async () => {
  const folder = await unpacked();
  const inode = statSync(join(folder, "libone.so")).ino;
  expect(await unpacked()).toBe(folder);
  expect(statSync(join(folder, "libone.so")).ino).toBe(inode);
});

test("the archive is a tar that others can unpack, and the same files give the same bytes", async () => {
  const bytes = await pack(files);
  expect(await pack({ ...files })).toEqual(bytes);
  writeFileSync(join(root, "a.tar.zst"), bytes);
  const tar = await new Bun.Archive(await Bun.zstdDecompress(bytes)).files();
  expect([...tar.keys()].sort()).toEqual(Object.keys(files).sort());
  expect(await tar.get("libone.so")!.bytes()).toEqual(files["libone.so"]);
});

test("a missing, a short and a changed file are unpacked again", async () => {
  const folder = await unpacked();
  for (const damage of [
    () => rmSync(join(folder, "libone.so")),
    () => {
      rmSync(join(folder, "libone.so"));
      writeFileSync(join(folder, "libone.so"), "one");
    },
    () => {
      chmodSync(join(folder, "sharp/lib/two.node"), 0o700);
      writeFileSync(join(folder, "sharp/lib/two.node"), new Uint8Array(5000));
    },
  ]) {
    damage();
    expect(await unpacked()).toBe(folder);
    expectFiles(folder);
    expect(readdirSync(root)).toEqual([nameOf(archive)]);
  }
});

test("damage that keeps size and time is found by reading everything", async () => {
  const folder = await unpacked();
  const path = join(folder, "sharp/lib/two.node");
  chmodSync(path, 0o700);
  const { mtime } = statSync(path);
  writeFileSync(path, new Uint8Array(5000));
  utimesSync(path, mtime, mtime);
  expect(isWhole(archive, folder)).toBe(true);
  expect(isWhole(archive, folder, { thorough: true })).toBe(false);
});

test("a file that was only touched is kept", async () => {
  const folder = await unpacked();
  const path = join(folder, "libone.so");
  const { ino } = statSync(path);
  utimesSync(path, new Date(), new Date());
  await unpacked();
  expect(statSync(path).ino).toBe(ino);
});

test("an empty folder, or a file, in the folder's place gives way", async () => {
  mkdirSync(join(root, nameOf(archive)));
  expectFiles(await unpacked());
  rmSync(join(root, nameOf(archive)), { recursive: true });
  writeFileSync(join(root, nameOf(archive)), "");
  expectFiles(await unpacked());
  expect(readdirSync(root)).toEqual([nameOf(archive)]);
});

test("eight starts at once agree on one folder", async () => {
  const folders = await Promise.all(Array.from({ length: 8 }, () => unpacked()));
  expect(new Set(folders).size).toBe(1);
  expectFiles(folders[0]!);
  expect(readdirSync(root)).toEqual([nameOf(archive)]);
});

test("another version's folder stays, what an old broken start left goes", async () => {
  const old = new Date(Date.now() - 2 * 3_600_000);
  for (const name of ["native-other", ".unpacking-old", ".unpacking-now"]) mkdirSync(join(root, name));
  for (const name of ["native-other", ".unpacking-old"]) utimesSync(join(root, name), old, old);
  await unpacked();
  expect(readdirSync(root).sort()).toEqual([".unpacking-now", nameOf(archive), "native-other"].sort());
});

test("a root that cannot be made is passed over for the next", async () => {
  writeFileSync(join(root, "file"), "");
  const folder = await unpackedIn(archive, [
    { path: join(root, "file/cache"), shared: false },
    { path: join(root, "temporary"), shared: true },
  ]);
  expect(folder).toBe(join(root, "temporary", nameOf(archive)));
  expectFiles(folder);
});

test("without any root the error names each one and why", async () => {
  writeFileSync(join(root, "file"), "");
  const error = await unpacked(join(root, "file/cache")).catch((error) => error);
  expect(error).toBeInstanceOf(NativePartsError);
  expect(error.message).toMatch(/cache_dir\n.*file\/cache: E\w+/);
});

test("among the temporary files a folder that others could have made is not used", async () => {
  const open = join(root, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  await expect(unpacked(open, true)).rejects.toThrow(/others may write there/);
  symlinkSync(mkdtempSync(join(root, "elsewhere-")), join(root, "link"));
  await expect(unpacked(join(root, "link"), true)).rejects.toThrow(/belongs to another user/);
});

test("a disk that fills up leaves nothing half done", async () => {
  const failing = {
    ...archive,
    read: async (entry: (typeof archive.entries)[number]) => {
      if (entry.name === "libone.so") throw new Error("ENOSPC: no space left on device");
      return archive.read(entry);
    },
  };
  await expect(unpackedIn(failing, [{ path: root, shared: false }])).rejects.toThrow(/ENOSPC/);
  expect(readdirSync(root)).toEqual([]);
  expect(existsSync(join(root, nameOf(archive)))).toBe(false);
});

test("bytes that are no archive are refused", async () => {
  await expect(openArchive(new Blob(["not an archive of anything"]))).rejects.toThrow(
    "does not begin with its index",
  );
});
