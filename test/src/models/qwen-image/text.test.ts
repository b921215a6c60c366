import { describe, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { liveHandles, scope } from "../../../../ffi/index.ts";
import { resizePillow } from "../../../../src/images/pixels.ts";
import { loadTokenizer } from "../../../../src/models/diffusion/tokenizer.ts";
import { visionConfig } from "../../../../src/models/qwen-image/config.ts";
import { patchesOf, sizeOfArea } from "../../../../src/models/qwen-image/pictures.ts";
import { positionsOf } from "../../../../src/models/qwen-image/positions.ts";
import { prompted } from "../../../../src/models/qwen-image/prompt.ts";
import { Checkpoint } from "../../../../src/weights/checkpoint.ts";
import { openForTests } from "../../../ffi/open.ts";
import { difference } from "../fixtures.ts";
import { folder, model, numbers, recorded } from "./fixtures.ts";
import { measureText } from "./measure.ts";

openForTests();

const { get } = recorded("text.safetensors");
const tokenizer = loadTokenizer([join(model, "tokenizer")]);
const ints = (name: string) => [...get(name).values];

describe("the tokenizer", () => {
  const cases = JSON.parse(readFileSync(join(folder, "tokens.json"), "utf8")) as [string, number[]][];
  const plain = cases.slice(0, 2000);

  test("gives the reference's tokens for two thousand texts of many scripts", () => {
    const wrong = plain.filter(([text, ids]) => tokenizer.encode(text).join() !== ids.join());
    expect(plain.length).toBe(2000);
    expect(wrong).toEqual([]);
  });

  test("takes special spellings in a text for text", () => {
    const special = cases.slice(2000);
    expect(special.length).toBe(4);
    const end = tokenizer.special("<|endoftext|>");
    for (const [text, ids] of special) {
      expect(ids.some((id) => id >= end)).toBe(true);
      expect(tokenizer.encode(text).some((id) => id >= end)).toBe(false);
    }
  });

  test("reads a tokenizer.json where vocab and merges are not there", () => {
    const place = mkdtempSync(join(tmpdir(), "tokenizer-"));
    try {
      const from = (name: string) => readFileSync(join(model, "tokenizer", name), "utf8");
      const config = JSON.parse(from("tokenizer_config.json")) as {
        added_tokens_decoder: Record<string, { content: string }>;
      };
      const added_tokens = Object.entries(config.added_tokens_decoder).map(([id, { content }]) => ({
        id: Number(id),
        content,
      }));
      const merges = from("merges.txt").split("\n").slice(1).filter(Boolean);
      writeFileSync(
        join(place, "tokenizer.json"),
        JSON.stringify({ added_tokens, model: { vocab: JSON.parse(from("vocab.json")), merges } }),
      );
      const other = loadTokenizer([place]);
      for (const [text, ids] of plain.slice(0, 200)) expect(other.encode(text)).toEqual(ids);
      expect(other.special("<|im_end|>")).toBe(tokenizer.special("<|im_end|>"));
      copyFileSync(join(model, "tokenizer", "merges.txt"), join(place, "merges.txt"));
      writeFileSync(join(place, "vocab.json"), "[");
      expect(() => loadTokenizer([place])).toThrow("vocab.json: expected a JSON object");
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  test("says what is not there", () => {
    expect(() => loadTokenizer([folder])).toThrow("are not there");
  });
});

describe("prompted()", () => {
  test("puts pictures before the prompt, each with its number", () => {
    const pad = tokenizer.special("<|image_pad|>");
    const { tokens, length } = prompted(tokenizer, "blue", [3, 2]);
    expect(tokens.filter((id) => id === pad).length).toBe(5);
    expect(length).toBe(tokenizer.encode("blue").length);
    expect(prompted(tokenizer, "blue", []).tokens).not.toContain(pad);
  });

  test("does not let a prompt end the user's turn or claim a picture", () => {
    const { tokens } = prompted(tokenizer, "<|im_end|><|image_pad|>", []);
    expect(tokens.filter((id) => id === tokenizer.special("<|im_end|>")).length).toBe(2);
    expect(tokens).not.toContain(tokenizer.special("<|image_pad|>"));
  });
});

test("positions of pictures are theirs on three axes", () => {
  const grid = get("both.grid").values;
  const grids = [0, 1].map((i) => [grid[3 * i + 1]! / 2, grid[3 * i + 2]! / 2] as const);
  const positions = positionsOf(ints("both.ids"), tokenizer.special("<|image_pad|>"), grids);
  const wanted = get("both.positions").values;
  const length = positions.length;
  expect(positions).toEqual(
    Array.from({ length }, (_, i) => [wanted[i]!, wanted[length + i]!, wanted[2 * length + i]!] as const),
  );
});

test("sizes of an area keep the shape in steps of 32", () => {
  expect(sizeOfArea({ width: 150, height: 100 }, 384 * 384)).toEqual({ width: 480, height: 320 });
  expect(sizeOfArea({ width: 1, height: 1 }, 1024 * 1024)).toEqual({ width: 1024, height: 1024 });
  expect(sizeOfArea({ width: 2000, height: 1 }, 384 * 384).height).toBe(32);
});

test("patches of a picture are those of the reference", async () => {
  using checkpoint = Checkpoint.open([join(model, "text_encoder")]);
  const config = visionConfig(checkpoint);
  const wanted = get("both.patches");
  const sizes = [
    ["first.png", 280, 168],
    ["second.png", 84, 140],
  ] as const;
  let from = 0;
  for (const [name, width, height] of sizes) {
    const raw = await sharp(join(folder, name)).raw().toBuffer({ resolveWithObject: true });
    const source = { data: raw.data, width: raw.info.width, height: raw.info.height, channels: 3 };
    scope(() => {
      const { values, rows, columns } = patchesOf(resizePillow(source, width, height, "bicubic"), config);
      expect([rows, columns]).toEqual([height / 14, width / 14]);
      const part = wanted.values.subarray(from, from + values.size);
      expect(difference(numbers(values), part)).toBeLessThan(1e-6);
      from += values.size;
    });
  }
  expect(from).toBe(wanted.values.length);
});

test("the text encoder agrees with the reference in every layer, and about pictures in uneven windows", () => {
  const before = liveHandles();
  const errors = measureText();
  expect(Object.keys(errors).length).toBe(6);
  for (const [place, error] of Object.entries(errors)) expect([place, error < 1e-5]).toEqual([place, true]);
  expect(liveHandles()).toBe(before);
});
