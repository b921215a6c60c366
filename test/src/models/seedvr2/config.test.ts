import { describe, expect, test } from "bun:test";
import { transformerConfig } from "../../../../src/models/seedvr2/config.ts";
import type { Checkpoint } from "../../../../src/weights/checkpoint.ts";

/** The names and shapes of a published network, without its numbers. */
function checkpoint(form: "3b" | "7b", width: number, layers: number, config?: object): Checkpoint {
  const small = form === "3b";
  const shapes = new Map<string, readonly number[]>([
    ["vid_in.proj.weight", [width, 132]],
    ["vid_out.proj.weight", [64, width]],
    ["txt_in.weight", [width, 5120]],
    ["blocks.0.attn.rope.rope.freqs", [small ? 21 : 10]],
    ["blocks.0.attn.norm_q.vid.weight", [128]],
    ["blocks.0.mlp.vid.proj_in.weight", [small ? 6912 : 4 * width, width]],
    ...Array.from({ length: layers }, (_, i): [string, number[]] => [
      `blocks.${i}.attn.proj_qkv.${small && i >= 10 ? "all" : "vid"}.weight`,
      [3 * width, width],
    ]),
    ...(small
      ? ([
          ["blocks.0.mlp.vid.proj_in_gate.weight", [6912, width]],
          ["vid_out_ada.out_shift", [width]],
        ] as [string, number[]][])
      : []),
  ]);
  return {
    shape: (name: string) => shapes.get(name),
    has: (name: string) => shapes.has(name),
    names: () => [...shapes.keys()],
    fail(reason: string) {
      throw new Error(reason);
    },
    config,
  } as unknown as Checkpoint;
}

describe("transformerConfig()", () => {
  test("knows the published networks by width and depth", () => {
    expect(transformerConfig(checkpoint("3b", 2560, 32))).toEqual({
      width: 2560,
      text: 5120,
      heads: 20,
      head: 128,
      layers: 32,
      separate: 10,
      mlp: { kind: "swiglu", hidden: 6912 },
      rope: { kind: "lang", freqs: 21 },
      window: [4, 3, 3],
      lastPictureOnly: true,
      outputModulation: true,
      inputChannels: 33,
      outputChannels: 16,
    });
    expect(transformerConfig(checkpoint("7b", 3072, 36))).toMatchObject({
      heads: 24,
      separate: 36,
      mlp: { kind: "gelu", hidden: 12288 },
      rope: { kind: "pixel", freqs: 10 },
      lastPictureOnly: false,
      outputModulation: false,
    });
  });

  test("believes a config.json before the table", () => {
    const told = { rope: "pixel", window: [4, 5, 6], last_layer_vid_only: false };
    expect(transformerConfig(checkpoint("3b", 2560, 32, told))).toMatchObject({
      rope: { kind: "pixel" },
      window: [4, 5, 6],
      lastPictureOnly: false,
    });
  });

  test("takes a network of another size for one of the form whose output it has", () => {
    expect(transformerConfig(checkpoint("3b", 64, 4)).rope.kind).toBe("lang");
    expect(transformerConfig(checkpoint("7b", 64, 4)).rope.kind).toBe("pixel");
  });

  test("says what in a config.json does not fit", () => {
    for (const bad of [{ rope: "sphere" }, { window: [4, 0, 3] }, { last_layer_vid_only: "yes" }])
      expect(() => transformerConfig(checkpoint("3b", 2560, 32, bad))).toThrow(/^config\.json: /);
  });
});
