import { expect, test } from "bun:test";
import { join } from "node:path";
import { task } from "../../../../src/capabilities/qwen/task.ts";
import { openForTests } from "../../../ffi/open.ts";

openForTests();

test("NaN and infinity do not become a picture in the last phase either", () => {
  const paths = [join(import.meta.dir, "../../../fixtures/qwen/image")];
  using vae = task.load(
    "vae",
    { family: "qwen", variant: "image", paths, bits: null, options: {} },
    () => {},
  );
  const clean = { rows: 2, columns: 2, data: new Float32Array(4 * 64) };
  const input = { kind: "txt2img", width: 32, height: 32, tile: 512, overlap: 64, unusedKeys: [], clean };
  const decode = () => task.run("decode", { vae }, input, () => {});
  expect(decode()).toMatchObject({ width: 32, height: 32 });
  clean.data[7] = Number.NaN;
  expect(decode).toThrow("NaN or infinite values");
});
