import { expect, test } from "bun:test";
import { withRemedy } from "../../../src/check/gpu-remedies.ts";

test.each([
  ["[open] Metal does not work: Failed to load device", "log in at the screen"],
  ["[metal::load_device] No Metal device available.", "log in at the screen"],
  ["[open] this machine has no GPU that MLX can use", "set `device` to auto or cpu"],
  [
    "[open] Metal does not work: Failed to load the default metallib. library not found",
    "easel check --engine unpacks it again",
  ],
  ["The library was compiled with language version 4.0 which is not supported", "made for a newer macOS"],
  ["[metal::Device] Unable to load kernel gemm\nMTLCompilerService: connection invalid", "restart the Mac"],
  ["product: wrong by 3.0e-1 of its largest number", "`device: cpu`"],
  ["[malloc] Unable to allocate 9000 bytes.", "close other programs"],
])("%p is followed by what to do", (said, remedy) => {
  const text = withRemedy(said);
  expect(text).toStartWith(said);
  expect(text).toContain(remedy);
  expect(text).toEndWith("easel doctor prints a page to send with a question");
});

test("words that nobody knows stay as they are, with the page to send", () => {
  expect(withRemedy("something else").split("\n")).toHaveLength(2);
});
