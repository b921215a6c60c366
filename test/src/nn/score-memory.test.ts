import { expect, test } from "bun:test";
import { footprint, published } from "../../../src/models/qwen-image/memory.ts";
import { gpuScoreBytes, heldScores } from "../../../src/nn/score-memory.ts";

test("the scores of a large tile take no more on a GPU than what is held at a time, twice", () => {
  const tokens = (2048 / 8) ** 2;
  // all of them would take 8.6 GB and count more than 2³¹ numbers
  expect(heldScores(tokens, 2)).toBe(2 * gpuScoreBytes);
  expect(heldScores(1024, 2)).toBe(2 * 2 * 1024 ** 2);
  expect(heldScores(tokens, 4)).toBe(0);
});

test("a plan for a GPU counts them where they are more than the maps", () => {
  const job = {
    bits: 8,
    pixels: 512 * 512,
    steps: 1,
    references: 0,
    referencePixels: 0,
    tile: 512,
    batch: false,
  } as const;
  // a coder of one channel, whose maps are nothing beside its scores
  const coder = { amounts: { matrices: 0, others: 1 }, channels: 1 };
  const { decode } = footprint(job, { ...published, coder }, 2);
  expect(decode).toBe(heldScores((512 / 8) ** 2, 2) + 24 * job.pixels);
});
