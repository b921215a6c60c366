import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { component } from "../../../../src/models/diffusion/parts.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-parts-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("a single file at the top is the transformer; several are named, and a folder comes before them", () => {
  const of = () => component([folder], "transformer", "FLUX.2");
  expect(of).toThrow("the folder transformer is not there");
  writeFileSync(join(folder, "q8.gguf"), "");
  expect(of()).toBe(join(folder, "q8.gguf"));
  writeFileSync(join(folder, "q4.gguf"), "");
  expect(of).toThrow(
    "several files could be the transformer: q4.gguf, q8.gguf. Leave one of them in the folder",
  );
  expect(() => component([folder], "vae", "FLUX.2")).toThrow("the folder vae is not there");
  mkdirSync(join(folder, "transformer"));
  expect(of()).toBe(join(folder, "transformer"));
});
