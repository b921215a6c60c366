import { expect, setDefaultTimeout, test } from "bun:test";
import { sanitize } from "../../scripts/sanitize.ts";

// The first run compiles the shim, which takes a minute.
setDefaultTimeout(600_000);

test("every function of the shim runs clean under AddressSanitizer and UndefinedBehaviorSanitizer", async () => {
  expect(await sanitize()).toBe("");
});
