import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reserveBytes } from "../../src/disk/reserve.ts";
import { canMount, runOnSmallDisk } from "../small-disk.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-full-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const disk = join(folder, "disk");

test.skipIf(!canMount)(
  "a full disk is said to everybody who waits, can be left by deleting, and is over when there is room",
  async () => {
    const child = join(import.meta.dir, "disk-full-child.ts");
    expect(await runOnSmallDisk(disk, 4, [child, disk])).toEqual({
      refused: [507, "disk_full"],
      tooMuch: [507, "disk_full"],
      unready: [503, false, "no space is left on the server's disk"],
      sync: [507, "disk_full"],
      further: [507, "disk_full"],
      health: 200,
      ended: Array(4).fill("failed disk_full"),
      deletions: Array(3).fill([200, true]),
      gone: [404, 404],
      works: 200,
      reserve: reserveBytes,
      incoming: [],
    });
  },
  90_000,
);
