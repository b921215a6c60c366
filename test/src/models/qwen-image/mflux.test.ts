/** A folder that mflux itself has saved, at four bits, against what mflux computes with it. */
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dequantize, quantize, saveSafetensors, scope, Tensor } from "../../../../ffi/index.ts";
import {
  loadModulator,
  loadTextEncoder,
  loadTransformer,
  loadVae,
} from "../../../../src/models/qwen-image/load.ts";
import { stepOf } from "../../../../src/models/qwen-image/modulation.ts";
import { openSafetensors } from "../../../../src/weights/safetensors-file.ts";
import { openForTests } from "../../../ffi/open.ts";
import { difference } from "../fixtures.ts";
import { model as published } from "./fixtures.ts";

openForTests();
const saved = join(import.meta.dir, "../../../fixtures/qwen-mflux");
const place = mkdtempSync(join(tmpdir(), "mflux-"));
afterAll(() => rmSync(place, { recursive: true }));

function tap(name: string): Tensor {
  using file = openSafetensors(join(saved, "taps.safetensors"));
  return file.take(name);
}
const values = (tensor: Tensor) => tensor.contiguous().read("float32");
/** [1, channels, 1, rows, columns] with the channels last. */
const picture = (name: string) => tap(name).squeeze(0, 2).transpose(1, 2, 0).contiguous();

describe("what mflux has saved", () => {
  test("computes what it computes there, at its own bits whatever is asked for", () => {
    for (const bits of [8, null] as const) {
      using transformer = loadTransformer([saved], { bits, products: "float32" });
      using modulator = loadModulator([saved], { bits });
      const velocity = scope(() => {
        const text = tap("text").at(0);
        const modulation = stepOf(modulator.forward([tap("sigma").item()]), 0);
        const places = transformer.places([[5, 6]], text.shape[0]!);
        return values(transformer.forward(tap("latents").at(0), text, places, modulation));
      });
      expect(difference(velocity, tap("velocity").read("float32"))).toBeLessThan(1e-4);
      expect(transformer.proj_out.bits).toBe(4);
      expect(modulator.img_mod[0]!.bits).toBe(4);
    }
  });

  test("has its picture coder's channels last", () => {
    using vae = loadVae([saved]);
    scope(() => {
      const decoded = values(vae.decode(picture("z")));
      expect(difference(decoded, values(picture("decoded").clip(-1, 1)))).toBeLessThan(2e-5);
      const encoded = values(vae.encode(picture("picture")));
      expect(difference(encoded, values(picture("encoded")))).toBeLessThan(2e-5);
    });
  });

  test("has a text encoder that reads the same, and a tokenizer in one file", () => {
    using encoder = loadTextEncoder([saved]);
    using usual = loadTextEncoder([published]);
    const ids = [...tap("ids").read("float32")];
    expect(difference(values(encoder.states(ids, [])), values(tap("states")))).toBeLessThan(1e-5);
    for (const prompt of ["A cat by the window. 窗边", "don't  <|im_end|>"]) {
      expect(encoder.tokenizer.encode(prompt)).toEqual(usual.tokenizer.encode(prompt));
      expect(values(encoder.encode(prompt, []))).toEqual(values(usual.encode(prompt, [])));
    }
    const patches = {
      rows: 8,
      columns: 4,
      values: Tensor.from(
        Float32Array.from({ length: 32 * 1176 }, (_, i) => Math.sin(i)),
        [32, 1176],
      ),
    };
    expect(values(encoder.see([patches])[0]!.tokens)).toEqual(values(usual.see([patches])[0]!.tokens));
  });

  test("makes pictures from words when it was saved without eyes", () => {
    const blind = join(place, "blind");
    cpSync(saved, blind, { recursive: true });
    const file = join(blind, "text_encoder/0.safetensors");
    scope(() => {
      using opened = openSafetensors(file);
      const kept = [...opened.tensors.keys()].filter((name) => !name.startsWith("encoder.visual."));
      saveSafetensors(file, Object.fromEntries(kept.map((name) => [name, opened.take(name)])));
    });
    using encoder = loadTextEncoder([blind]);
    expect(values(encoder.encode("a fox", [])).every(Number.isFinite)).toBe(true);
    expect(() => encoder.see([{ rows: 8, columns: 4, values: Tensor.from(new Float32Array(1)) }])).toThrow(
      "without the part that looks at pictures",
    );
  });
});

/** The transformer's file of a copy of the folder, changed. */
function changed(name: string, change: (tensors: Record<string, Tensor>) => void): string {
  const folder = join(place, name);
  cpSync(saved, folder, { recursive: true });
  const file = join(folder, "transformer/0.safetensors");
  scope(() => {
    using opened = openSafetensors(file);
    const tensors = Object.fromEntries([...opened.tensors.keys()].map((key) => [key, opened.take(key)]));
    change(tensors);
    saveSafetensors(file, tensors);
  });
  return folder;
}

test("newer versions of mflux keep the last bias, and the picture's modulation at eight bits", () => {
  const folder = changed("newer", (tensors) => {
    const outputs = tensors["norm_out.linear.weight"]!.shape[0]!;
    tensors["norm_out.linear.bias"] = Tensor.from(
      Float32Array.from({ length: outputs }, (_, i) => i / 64),
      [outputs],
    );
    for (const name of Object.keys(tensors).filter((key) => key.endsWith("img_mod_linear.weight"))) {
      const stem = name.slice(0, -"weight".length);
      const whole = dequantize(
        { weight: tensors[name]!, scales: tensors[`${stem}scales`]!, biases: tensors[`${stem}biases`]! },
        { bits: 4, groupSize: 64 },
      );
      const made = quantize(whole.astype("float32"), { bits: 8, groupSize: 64 });
      for (const [part, tensor] of Object.entries(made)) tensors[stem + part] = tensor;
    }
  });
  using modulator = loadModulator([folder], { bits: 4 });
  using before = loadModulator([saved], { bits: 4 });
  expect([modulator.img_mod[0]!.bits, modulator.txt_mod[0]!.bits]).toEqual([8, 4]);
  const [now, old] = [modulator, before].map((each) => each.forward([0.5]));
  expect(difference(now!.img, old!.img)).toBeLessThan(1e-2);
  expect(now!.out.every((value, i) => Math.abs(value - old!.out[i]! - i / 64) < 1e-5)).toBe(true);
});

test("the variant tells whether an edit's pictures count as free of noise, where the config does not", () => {
  const silent = join(place, "silent");
  cpSync(saved, silent, { recursive: true });
  const config = join(silent, "transformer/config.json");
  const { zero_cond_t: _, ...rest } = JSON.parse(readFileSync(config, "utf8"));
  writeFileSync(config, JSON.stringify(rest));
  for (const cleanReferences of [true, false]) {
    using modulator = loadModulator([silent], { cleanReferences });
    expect(modulator.forward([0.5]).levels).toBe(cleanReferences ? 2 : 1);
    using told = loadModulator([published], { cleanReferences });
    expect(told.forward([0.5]).levels).toBe(1);
  }
});

test("a published transformer that has lost its last bias is refused: only mflux's never had it", () => {
  const lost = join(place, "lost");
  cpSync(join(published, "transformer"), join(lost, "transformer"), { recursive: true });
  const file = join(lost, "transformer/diffusion_pytorch_model.safetensors");
  scope(() => {
    using opened = openSafetensors(file);
    const kept = [...opened.tensors.keys()].filter((name) => name !== "norm_out.linear.bias");
    saveSafetensors(file, Object.fromEntries(kept.map((name) => [name, opened.take(name)])));
  });
  expect(() => loadModulator([lost])).toThrow("Missing: norm_out.linear.bias");
});

test("an index that leads to a shard which is not there is told", () => {
  const broken = join(place, "broken");
  cpSync(saved, broken, { recursive: true });
  const index = join(broken, "transformer/model.safetensors.index.json");
  writeFileSync(index, readFileSync(index, "utf8").replaceAll("0.safetensors", "7.safetensors"));
  expect(() => loadTransformer([broken])).toThrow("the shard 7.safetensors is missing");
});
