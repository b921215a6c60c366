import { expect, test } from "bun:test";
import { existsSync, statSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { openReserve, reserveBytes } from "../../../src/disk/reserve.ts";
import { temporaryFolder } from "../files/folder.ts";

test("a reserve is set aside at once, given up when asked, and set aside again, from where it stopped", () => {
  const path = join(temporaryFolder(), "easel.reserve");
  const reserve = openReserve(path);
  expect(reserve.isWhole()).toBe(true);
  expect(statSync(path)).toMatchObject({ size: reserveBytes });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  reserve.release();
  expect([reserve.isWhole(), existsSync(path)]).toEqual([false, false]);
  reserve.refill();
  truncateSync(path, 1000);
  expect(reserve.isWhole()).toBe(false);
  reserve.refill();
  expect([reserve.isWhole(), statSync(path).size]).toEqual([true, reserveBytes]);
});

test("a reserve that cannot be set aside hinders nobody", () => {
  const reserve = openReserve(join(temporaryFolder(), "absent", "easel.reserve"));
  reserve.release();
  expect(reserve.isWhole()).toBe(false);
});
