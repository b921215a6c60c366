import { expect, test } from "bun:test";
import { problemOf } from "../../playground/view/errors.ts";
import { refusals } from "../../src/errors.ts";

test("whatever a job or a request can fail with has a title of its own or can be tried again", () => {
  for (const code of Object.keys(refusals)) {
    const { title, words, retry, next } = problemOf("the reason", code);
    expect([code, title === "Something went wrong" && !retry]).toEqual([code, false]);
    expect([code, /^[A-Z].*\.$/.test(words)]).toEqual([code, true]);
    if (!retry && next === undefined)
      expect(["invalid_request", "invalid_parameter", "lora_mismatch"]).toContain(code);
  }
});

test("a mask at fault is named, and no other image is asked for", () => {
  for (const code of ["invalid_image", "unknown_file", "too_many_pixels"]) {
    const { title, next } = problemOf("mask: unknown mask file_id 'file_1'", code);
    expect([title.startsWith("The mask is "), next]).toEqual([true, undefined]);
  }
  expect(problemOf("input image could not be opened", "invalid_image").next).toBe("choose");
});

test("codes of a full disk, of lost images and of large ones lead on", () => {
  expect(problemOf("no space is left", "disk_full")).toMatchObject({ next: "results", retry: true });
  expect(problemOf("unknown image file_id", "unknown_file")).toMatchObject({ next: "choose" });
  expect(problemOf("lora_dir has no adapter 'a'", "unknown_file").title).toContain("LoRA");
  expect(problemOf("too many", "too_many_pixels")).toMatchObject({ next: "smaller", retry: false });
  expect(problemOf("", "unreachable").words).toContain("reconnects by itself");
});
