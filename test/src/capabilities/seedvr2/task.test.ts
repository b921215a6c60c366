import { expect, test } from "bun:test";
import { join } from "node:path";
import type {
  DenoiseOutput,
  EncodeOutput,
  UpscaleInput,
} from "../../../../src/capabilities/seedvr2/phase.ts";
import { task } from "../../../../src/capabilities/seedvr2/task.ts";
import { openForTests } from "../../../ffi/open.ts";

openForTests();

test("numbers that are none do not become a picture, wherever they come up", () => {
  const paths = [join(import.meta.dir, "../../../fixtures/seedvr2")];
  using vae = task.load(
    "vae",
    { family: "seedvr2", variant: "3b", paths, bits: null, options: {} },
    () => {},
  );
  const clean = { rows: 4, columns: 4, channels: 16, data: new Float32Array(256) };
  const input: UpscaleInput & Pick<EncodeOutput, "style"> & DenoiseOutput = {
    pixels: new Uint8Array(3 * 256),
    inputWidth: 16,
    inputHeight: 16,
    width: 32,
    height: 32,
    softness: 0,
    seed: 1,
    tile: 512,
    overlap: 64,
    colorFix: "wavelet-lab",
    style: new Uint8Array(3 * 1024).fill(90),
    clean,
  };
  const decode = () => task.run("decode", { vae }, input, () => {});
  expect(decode()).toMatchObject({ width: 32, height: 32, channels: 3 });
  clean.data[7] = Number.NaN;
  expect(decode).toThrow("numbers that are none");
});
