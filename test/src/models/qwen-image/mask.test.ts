import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { liveHandles, scope } from "../../../../ffi/index.ts";
import { decodeMask, decodePicture } from "../../../../src/images/decode.ts";
import type { Text, Tokens } from "../../../../src/models/diffusion/tokens.ts";
import { denoise, encode } from "../../../../src/models/qwen-image/diffusion.ts";
import {
  loadModulator,
  loadSchedule,
  loadTransformer,
  loadVae,
} from "../../../../src/models/qwen-image/load.ts";
import { tensorOf } from "../../../../src/models/qwen-image/pictures.ts";
import { sigmas } from "../../../../src/models/qwen-image/schedule.ts";
import { openForTests } from "../../../ffi/open.ts";
import { recorded } from "../diffusion/recorded.ts";
import { difference } from "../fixtures.ts";
import { model } from "./fixtures.ts";

openForTests();
const folder = join(import.meta.dir, "../../../fixtures/qwen-mask");
const { get } = recorded(folder, "pipeline.safetensors");
const { width, height, steps, guidance } = JSON.parse(readFileSync(join(folder, "pipeline.json"), "utf8"));

describe("an edit of a part", () => {
  test.each([
    ["along tokens", "tokens"],
    ["along cells of the latents", "cells"],
  ] as const)(
    "with a mask %s gives the latents of diffusers' pipeline",
    async (_, name) => {
      const before = liveHandles();
      const first = await decodePicture(join(folder, "first.png"), { maxPixels: 1e6 });
      const mask = await decodeMask(join(folder, `mask-${name}.png`), {
        maxPixels: 1e6,
        width,
        height,
        marks: "white",
      });
      {
        using vae = loadVae([model]);
        using modulator = loadModulator([model]);
        using transformer = loadTransformer([model]);
        const values = (name: string) => Float32Array.from(get(name).values);
        const text = (name: string, tokens: number): Text => ({ data: values(name), tokens });
        const noise: Tokens = { data: values("noise"), rows: height / 16, columns: width / 16 };
        const used = sigmas(steps, (width * height) / 256, loadSchedule([model]));
        const clean = scope(() =>
          encode(vae, tensorOf({ data: first.pixels, width, height, channels: 3 }), {
            tile: 1024,
            overlap: 64,
          }),
        );
        for (const kind of ["guided", "plain"] as const) {
          const { data } = denoise({
            transformer,
            sigmas: used,
            modulation: modulator.forward(used.slice(0, -1)),
            start: noise,
            references: [clean],
            kept: { clean, noise, mask },
            positive: text("positive", 11),
            negative: text("negative", 7),
            guidance: kind === "guided" ? guidance : 1,
            batch: true,
          });
          expect(difference(data, values(`${name}.${kind}`))).toBeLessThan(1e-4);
        }
      }
      expect(liveHandles()).toBe(before);
    },
    60_000,
  );
});
