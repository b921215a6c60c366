import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { formatted, formatters } from "../../../scripts/gate/format.ts";
import { programFromWheel } from "../../../scripts/gate/wheel.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-format-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that accepts its files only when each of them contains "good", and writes "good" with --write. */
const picky = join(folder, "picky");
writeFileSync(
  picky,
  '#!/bin/sh\nif [ "$1" = --write ]; then shift; for f; do echo good > "$f"; done; else for f; do grep -q good "$f" || exit 1; done; fi\n',
  { mode: 0o755 },
);

test("a file that is formatted otherwise fails the step, and --write mends it", async () => {
  const file = join(folder, "a.py");
  writeFileSync(file, "bad\n");
  const formatter = { name: "picky", inside: "", files: [file], check: [[]], write: [["--write"]] };
  expect(await formatted(picky, formatter)).toBe(false);
  expect(await formatted(picky, formatter, true)).toBe(true);
  expect(readFileSync(file, "utf8")).toBe("good\n");
  expect(await formatted(picky, formatter)).toBe(true);
});

test("the C++ and the Python of the repository are looked at, and nothing that it only uses", () => {
  const [cpp, python] = formatters;
  expect(cpp!.files).toContain("kernels/dispatch.cpp");
  expect(python!.files).toContain("examples/depth.py");
  for (const { files } of formatters)
    expect(files.filter((file) => file.includes("node_modules"))).toEqual([]);
});

test("without an index the system's program serves, and without that none", async () => {
  const requirements = join(folder, "requirements.txt");
  writeFileSync(requirements, "not a requirement\n");
  const from = (path: string) =>
    programFromWheel("picky", "*/picky", { cache: join(folder, "cache"), requirements, path });
  expect(await from(folder)).toBe(picky);
  expect(await from("/nowhere")).toBeNull();
});
