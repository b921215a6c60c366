import { expect, test } from "bun:test";
import { systemFault } from "../../../src/check/system.ts";

test("macOS before 14 is refused by its own name", () => {
  expect(systemFault({ platform: "darwin", release: "22.6.0" })).toBe(
    "easel needs macOS 14 or newer; this is macOS 13",
  );
  expect(systemFault({ platform: "darwin", release: "19.6.0" })).toContain("this is macOS 10");
});

test("macOS 14 and newer, and any Linux, are not", () => {
  for (const release of ["23.0.0", "24.6.0", "25.1.0"])
    expect(systemFault({ platform: "darwin", release })).toBeUndefined();
  expect(systemFault({ platform: "linux", release: "5.10.0" })).toBeUndefined();
});
