import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refusalOf, requirementFiles } from "../../../scripts/gate/requirements.ts";

const root = join(import.meta.dir, "../../..");
const folder = mkdtempSync(join(tmpdir(), "easel-requirements-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("every requirements file pins each package to one version, and asks for nothing by hand", () => {
  const files = requirementFiles();
  expect(files).toContain("test/reference/requirements.txt");
  for (const path of files) {
    const text = readFileSync(join(root, path), "utf8");
    const lines = text.replaceAll("\\\n", " ").split("\n");
    const loose = lines.filter(
      (line) => !/^(#.*|\s*|[\w.-]+==[\w.]+(\s+--hash=sha256:[0-9a-f]{64})*\s*)$/.test(line),
    );
    expect([path, loose]).toEqual([path, []]);
    expect([path, text.includes("--no-deps")]).toEqual([path, false]);
  }
});

test("a file that pip cannot read is refused with pip's own words", async () => {
  writeFileSync(join(folder, "requirements.txt"), "not a requirement\n");
  expect(await refusalOf("requirements.txt", folder)).toContain("Invalid requirement");
  expect(await refusalOf("absent.txt", folder)).toContain("absent.txt");
  writeFileSync(join(folder, "requirements.txt"), "# nothing\n");
  expect(await refusalOf("requirements.txt", folder)).toBeNull();
});
