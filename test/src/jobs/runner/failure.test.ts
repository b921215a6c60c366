import { expect, test } from "bun:test";
import { TaskError } from "../../../../src/engine/engine.ts";
import { Refusal } from "../../../../src/errors.ts";
import { failure, withoutPaths } from "../../../../src/jobs/runner/failure.ts";

test("failure() gives each error its stable code", () => {
  const disk = Object.assign(new Error("write"), { code: "ENOSPC" });
  const cases: [unknown, string][] = [
    [new Refusal("too_many_pixels", "x"), "too_many_pixels"],
    [new TaskError("x", "failed"), "model_failed"],
    [new TaskError("x", "out_of_memory"), "out_of_memory"],
    [new TaskError("x", "checkpoint_invalid"), "checkpoint_invalid"],
    [new TaskError("x", "invalid_result"), "invalid_result"],
    [new TaskError("x", "invalid_input"), "invalid_reference"],
    [new TaskError("x", "invalid_parameter"), "invalid_parameter"],
    [new TaskError("x", "lora_mismatch"), "lora_mismatch"],
    [disk, "disk_full"],
    [new Error("x"), "internal"],
    ["x", "internal"],
  ];
  expect(cases.map(([error]) => failure(error).error_code as string)).toEqual(cases.map(([, code]) => code));
});

test("failure() bounds the text and never leaves it empty", () => {
  expect(failure(new Error("a".repeat(10_000))).error).toHaveLength(2000);
  expect(failure(new Error("")).error).toBe("unknown error");
});

test.each([
  ["[load] /home/me/.cache/x/model.safetensors is cut", "[load] model.safetensors is cut"],
  ["cannot open '/var/lib/easel/files/file_1'", "cannot open 'file_1'"],
  ["(/a/b/c.pt): no", "(c.pt): no"],
  ["failed to fetch https://example.com/a/b.png", "failed to fetch https://example.com/a/b.png"],
  ["shape 3/4 of image/png at blocks.0/attn", "shape 3/4 of image/png at blocks.0/attn"],
])("withoutPaths() leaves of %p only names", (before, after) => {
  expect(withoutPaths(before)).toBe(after);
});
