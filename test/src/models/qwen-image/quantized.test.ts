import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteFile, quantize, saveSafetensors, scope, type Tensor } from "../../../../ffi/index.ts";
import { loadModulator, loadTransformer } from "../../../../src/models/qwen-image/load.ts";
import { stepOf } from "../../../../src/models/qwen-image/modulation.ts";
import { openSafetensors } from "../../../../src/weights/safetensors-file.ts";
import { openForTests } from "../../../ffi/open.ts";
import { difference } from "../fixtures.ts";
import { model, numbers, recorded, single } from "./fixtures.ts";

openForTests();

const place = mkdtempSync(join(tmpdir(), "quantized-"));
afterAll(() => rmSync(place, { recursive: true }));

type Layer = { bits: 3 | 4 | 5 | 6 | 8; groupSize: 32 | 64 | 128 };

/** The tiny transformer as a repository that is quantized already, each layer as `how` says. */
function saved(name: string, how: (layer: string) => Layer | null): string {
  const folder = join(place, name);
  mkdirSync(join(folder, "transformer"), { recursive: true });
  cpSync(join(model, "transformer/config.json"), join(folder, "transformer/config.json"));
  scope(() => {
    using file = openSafetensors(join(model, "transformer/diffusion_pytorch_model.safetensors"));
    const tensors: Record<string, Tensor> = {};
    for (const [key, { shape }] of file.tensors) {
      const tensor = file.take(key).astype("float32");
      const quantization = shape.length === 2 && shape[1]! % 64 === 0 ? how(key) : null;
      if (!quantization) tensors[key] = tensor;
      else {
        const { weight, scales, biases } = quantize(tensor, quantization);
        const layer = key.slice(0, -"weight".length);
        Object.assign(tensors, { [key]: weight, [`${layer}scales`]: scales, [`${layer}biases`]: biases });
      }
    }
    saveSafetensors(join(folder, "transformer/diffusion_pytorch_model.safetensors"), tensors);
  });
  return folder;
}

function run(folder: string, bits: 4 | 8 | null): Float32Array {
  const { get } = recorded("dit-plain.safetensors");
  using transformer = loadTransformer([folder], { bits });
  using modulator = loadModulator([folder], { bits });
  return scope(() => {
    const text = single(get("text"));
    const modulation = stepOf(modulator.forward([...get("sigma").values]), 0);
    const places = transformer.places([[5, 6]], text.shape[0]!);
    return numbers(transformer.forward(single(get("latents")), text, places, modulation));
  });
}

test("a repository that is quantized already gives what quantizing it here gives, whatever is asked for", () => {
  const folder = saved("eight", () => ({ bits: 8, groupSize: 64 }));
  const wanted = run(model, 8);
  expect(difference(run(folder, 8), wanted)).toBeLessThan(1e-5);
  expect(difference(run(folder, 4), wanted)).toBeLessThan(1e-5);
  expect(difference(run(folder, null), wanted)).toBeLessThan(1e-5);
});

test("bits are those of each layer", () => {
  const mixed = saved("mixed", (layer) =>
    layer.includes("img_mod") ? { bits: 8, groupSize: 64 } : { bits: 4, groupSize: 64 },
  );
  expect(difference(run(mixed, null), run(model, 4))).toBeLessThan(1e-5);
  const odd = saved("odd", (layer) => (layer.includes("attn") ? { bits: 6, groupSize: 32 } : null));
  const exact = recorded("dit-plain.safetensors").get("out").values;
  expect(difference(run(odd, null), exact)).toBeGreaterThan(1e-5);
  expect(difference(run(odd, null), exact)).toBeLessThan(0.1);
});

test("quantized weights come from the cache the next time, and little of the model is read", () => {
  const cache = {
    folder: join(place, "cache"),
    maxBytes: null,
    network: "qwen-image-transformer",
    note() {},
  };
  const { get } = recorded("dit-plain.safetensors");
  const load = () => {
    const before = ByteFile.bytesRead;
    using transformer = loadTransformer([model], { bits: 4, place: cache });
    using modulator = loadModulator([model], {
      bits: 4,
      place: { ...cache, network: "qwen-image-modulation" },
    });
    const read = ByteFile.bytesRead - before;
    const out = scope(() => {
      const text = single(get("text"));
      const modulation = stepOf(modulator.forward([...get("sigma").values]), 0);
      const places = transformer.places([[5, 6]], text.shape[0]!);
      return numbers(transformer.forward(single(get("latents")), text, places, modulation));
    });
    return { read, out };
  };
  const [first, second] = [load(), load()];
  expect(second.out).toEqual(first.out);
  const files = readdirSync(join(cache.folder, "quantized")).map((name) =>
    join(cache.folder, "quantized", name),
  );
  expect(files).toHaveLength(2);
  const kept = files.reduce((sum, file) => sum + statSync(file).size, 0);
  const source = statSync(join(model, "transformer/diffusion_pytorch_model.safetensors")).size;
  expect(first.read).toBeGreaterThan(0.9 * source);
  // Norms and biases still come from the model itself.
  expect(second.read).toBeLessThan(kept + 0.1 * source);
});
