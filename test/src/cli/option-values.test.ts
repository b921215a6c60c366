import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interval, lora } from "../../../src/cli/option-values.ts";

const folder = mkdtempSync(join(tmpdir(), "easel-options-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("an adapter is a path or a name, with or without its strength", () => {
  const colon = join(folder, "a:5");
  writeFileSync(colon, "");
  for (const [text, path, scale] of [
    ["ink", "ink", 1],
    ["ink:0.8", "ink", 0.8],
    ["ink:-1", "ink", -1],
    ["ink:.5", "ink", 0.5],
    ["styles/a:b/ink.safetensors", "styles/a:b/ink.safetensors", 1],
    [colon, colon, 1],
    [`${colon}:0.5`, colon, 0.5],
  ] as const)
    expect([text, lora(text)]).toEqual([text, [{ path, scale }]]);
  expect(lora("b:2", [{ path: "a", scale: 1 }])).toEqual([
    { path: "a", scale: 1 },
    { path: "b", scale: 2 },
  ]);
});

test("a strength that is no number is named as such", () => {
  for (const strength of ["abc", "", "1,5", "0.8x", "--1"])
    expect(() => lora(`ink:${strength}`)).toThrow(
      `Its strength, "${strength}", is no number: write ink:0.8, or ink for all of it.`,
    );
  expect(() => lora("")).toThrow("It must be a path or a name.");
});

test("an interval is two numbers with a colon between them", () => {
  expect([interval("0:0.6"), interval("0.25:1")]).toEqual([
    [0, 0.6],
    [0.25, 1],
  ]);
  for (const text of ["", "0.6", "0:", ":1", "0:0.5:1", "a:b", "0-0.6"])
    expect(() => interval(text)).toThrow("two numbers with a colon between them");
});
