import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { liveHandles } from "../../../ffi/index.ts";
import { sizeSeen, weightBytes } from "../../../src/models/mini/memory.ts";
import { MiniDepth } from "../../../src/models/mini/mini-depth.ts";
import { CheckpointError } from "../../../src/weights/checkpoint-error.ts";
import { tensorTable } from "../../../src/weights/tensor-table.ts";
import { openForTests } from "../../ffi/open.ts";
import { difference, expected, fixture } from "./fixtures.ts";

openForTests();

const folder = join(import.meta.dir, "../../fixtures/mini");
const recorded = expected("../../mini/expected");

describe("the try-out depth model", () => {
  let model: MiniDepth;
  let handles: number;
  beforeAll(() => {
    handles = liveHandles();
    model = MiniDepth.load([join(folder, "tiny.safetensors")]);
  });
  afterAll(() => {
    model[Symbol.dispose]();
    expect(liveHandles()).toBe(handles);
  });

  test.each(["64x96", "96x32"])("computes what PyTorch does for a picture of %s", (size) => {
    const [height, width] = size.split("x").map(Number) as [number, number];
    const data = recorded.get(`${size}/pixels`).values;
    const { depth } = model.predict({ data, width, height });
    expect(difference(depth, recorded.get(`${size}/depth`).values)).toBeLessThan(1e-4);
  });

  test("brings a picture to its size and the map back as the evaluation does", () => {
    const [height, width] = recorded.get("picture/pixels").shape as [number, number];
    const picture = { data: recorded.bytes("picture/pixels"), width, height, channels: 3 };
    const small = model.preprocess(picture, { inputSize: 96, bound: "short" });
    const depth = model.resizeMap(model.predict(small).depth, small, picture, {
      seen: small,
      whole: picture,
    });
    const wanted = recorded.get("picture/depth").values;
    const largest = Math.max(...wanted);
    // At an edge the last digit may decide which side a pixel is on.
    const differ = depth.filter((value, i) => !(Math.abs(value - wanted[i]!) < 1e-4 * largest));
    expect(depth).toHaveLength(wanted.length);
    expect(differ.length).toBeLessThan(depth.length / 100);
  });

  test("sees pictures near the size it was trained for, whatever is asked and however long they are", () => {
    const short = (width: number, height: number, inputSize: number) =>
      sizeSeen({ width, height }, { inputSize, bound: "short" });
    expect(short(1024, 768, 192)).toEqual({ width: 256, height: 192 });
    expect(sizeSeen({ width: 1024, height: 768 }, { inputSize: 256, bound: "long" })).toEqual({
      width: 256,
      height: 192,
    });
    expect(short(1024, 768, 2000)).toEqual({ width: 416, height: 320 });
    expect(short(10, 10, 1)).toEqual({ width: 96, height: 96 });
  });

  test.each([
    [1, 65_535],
    [1, 900_000],
    [1, 2 ** 26],
    [8, 80_000],
    [20, 60_000],
  ])(
    "sees a strip of %i by %i pixels as eight times as long as wide at most, turned or not",
    (short, long) => {
      for (const inputSize of [126, 192, 4096])
        for (const bound of ["short", "long"] as const) {
          const across = sizeSeen({ width: long, height: short }, { inputSize, bound });
          const down = sizeSeen({ width: short, height: long }, { inputSize, bound });
          expect(down).toEqual({ width: across.height, height: across.width });
          expect(across.height).toBe(32);
          expect(across.width).toBeLessThanOrEqual(8 * 320);
          expect(across.width).toBeGreaterThanOrEqual(8 * 96);
        }
    },
  );

  test("the weights that come with the program are of this form, and less than 8 MB", () => {
    const file = join(import.meta.dir, "../../../assets/mini/mini.safetensors");
    expect(Bun.file(file).size).toBeLessThanOrEqual(8e6);
    // Plans that are made before the file is opened count the same bytes.
    expect(weightBytes()).toBe(weightBytes(tensorTable(file)));
    using own = MiniDepth.load([file]);
    const grey = { data: new Uint8Array(64 * 48 * 3).fill(128), width: 64, height: 48, channels: 3 };
    const small = own.preprocess(grey);
    const { depth } = own.predict(small);
    expect(depth.length).toBe(small.width * small.height);
    expect(depth.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  });

  test("refuses a file of another network, and says which names it lacks", () => {
    expect(() => MiniDepth.load([fixture("v2-hf")])).toThrow(CheckpointError);
    expect(() => MiniDepth.load([fixture("v2-hf")])).toThrow(/decoder\.head\.weight/);
  });
});
