import { expect, setDefaultTimeout, test } from "bun:test";
import { sanitize } from "../../scripts/gate/sanitize.ts";

// The first run compiles the shim, which takes a minute.
setDefaultTimeout(600_000);

test("every function of the shim runs clean under AddressSanitizer and UndefinedBehaviorSanitizer", async () => {
  expect(await sanitize("memory")).toBe("");
});

test.if(process.platform === "linux")(
  "the threads of the kernels, their pool and the memory run clean under ThreadSanitizer, two and four of them",
  async () => {
    expect(await sanitize("thread")).toBe("");
  },
);
