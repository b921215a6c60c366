import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ByteFile, liveHandles, saveSafetensors, scope, Tensor } from "../../../../ffi/index.ts";
import { applyLoras, checkLoras, type Lora } from "../../../../src/models/diffusion/adapters.ts";
import { targetsOf } from "../../../../src/models/diffusion/names.ts";
import { loadModulator, loadTransformer } from "../../../../src/models/qwen-image/load.ts";
import { stepOf } from "../../../../src/models/qwen-image/modulation.ts";
import { openForTests } from "../../../ffi/open.ts";
import { difference } from "../fixtures.ts";
import { model, numbers, recorded, single } from "./fixtures.ts";

openForTests();

const place = mkdtempSync(join(tmpdir(), "lora-"));
afterAll(() => rmSync(place, { recursive: true }));

const { get, names } = recorded("lora.safetensors");
const taps = recorded("dit-plain.safetensors");
const layers = names.filter((name) => name.endsWith(".down")).map((name) => name.slice(0, -".down".length));
const [alpha, scale] = [get("alpha").values[0]!, get("scale").values[0]!];

type Style = (layer: string) => { up: string; down: string; alpha?: string };
const kohya = (layer: string) => `lora_unet_${layer.replaceAll(".", "_")}`;

const styles: Record<string, Style> = {
  "lora_up and lora_down": (l) => ({
    up: `${l}.lora_up.weight`,
    down: `${l}.lora_down.weight`,
    alpha: `${l}.alpha`,
  }),
  "the older diffusers": (l) => ({
    up: `transformer.${l}.lora.up.weight`,
    down: `transformer.${l}.lora.down.weight`,
  }),
  ComfyUI: (l) => ({ up: `diffusion_model.${l}.lora_B.weight`, down: `diffusion_model.${l}.lora_A.weight` }),
  PEFT: (l) => ({ up: `${l}.lora_B.default.weight`, down: `${l}.lora_A.default.weight` }),
  "PEFT's own files": (l) => ({
    up: `base_model.model.${l}.lora_B.weight`,
    down: `base_model.model.${l}.lora_A.weight`,
  }),
  kohya: (l) => ({
    up: `${kohya(l)}.lora_up.weight`,
    down: `${kohya(l)}.lora_down.weight`,
    alpha: `${kohya(l)}.alpha`,
  }),
  diffusers: (l) => ({ up: `transformer.${l}.lora_B.weight`, down: `transformer.${l}.lora_A.weight` }),
  "bare names": (l) => ({ up: `${l}.lora_B`, down: `${l}.lora_A` }),
};

let count = 0;
function written(tensors: () => Record<string, Tensor>): Lora {
  const path = join(place, `${count++}.safetensors`);
  scope(() => saveSafetensors(path, tensors()));
  return { path, label: "style.safetensors", scale };
}

const tensorOf = (name: string) => Tensor.from(get(name).values, get(name).shape);

function styled(style: Style, some = layers, part: [number, number] = [0, 4]): Lora {
  return written(() =>
    Object.fromEntries(
      some.flatMap((layer) => {
        const keys = style(layer);
        const [down, up] = [tensorOf(`${layer}.down`), tensorOf(`${layer}.up`)];
        return [
          [keys.down, down.slice([part[0]], [part[1], down.shape[1]!]).contiguous()],
          [keys.up, up.slice([0, part[0]], [up.shape[0]!, part[1]]).contiguous()],
          ...(keys.alpha ? [[keys.alpha, Tensor.from([alpha], [1])]] : []),
        ] as [string, Tensor][];
      }),
    ),
  );
}

function loadParts() {
  const transformer = loadTransformer([model]);
  const modulator = loadModulator([model]);
  return {
    transformer,
    modulator,
    targets: targetsOf([...transformer.linears.keys(), ...modulator.linears.keys()]),
  };
}
type Parts = ReturnType<typeof loadParts>;

function withParts<T>(body: (parts: Parts) => T): T {
  const parts = loadParts();
  using _ = parts.transformer;
  using __ = parts.modulator;
  return body(parts);
}

function run({ transformer, modulator, targets }: Parts, loras: readonly Lora[]): Float32Array {
  return scope(() => {
    using _ = applyLoras(loras, transformer.linears, targets, transformer.dtype);
    using __ = applyLoras(loras, modulator.linears, targets, modulator.dtype);
    const text = single(taps.get("text"));
    const modulation = stepOf(modulator.forward([...taps.get("sigma").values]), 0);
    const places = transformer.places([[5, 6]], text.shape[0]!);
    return numbers(transformer.forward(single(taps.get("latents")), text, places, modulation));
  });
}

describe("an adapter", () => {
  test.each(Object.entries(styles))("in the spelling of %s gives the reference's output", (_, style) => {
    const before = liveHandles();
    withParts((all) => {
      const lora = styled(style);
      expect(checkLoras([lora], all.targets)).toEqual([]);
      const wanted = get(style("x").alpha ? "out.alpha" : "out.plain").values;
      expect(difference(run(all, [lora]), wanted)).toBeLessThan(1e-5);
      // Taken off again, the base is as it was.
      expect(difference(run(all, []), taps.get("out").values)).toBeLessThan(1e-5);
    });
    expect(liveHandles()).toBe(before);
  });

  test("adds to others", () => {
    withParts((all) => {
      const style = styles.ComfyUI!;
      const halves = [styled(style, layers, [0, 1]), styled(style, layers, [1, 4])];
      expect(difference(run(all, halves), get("out.plain").values)).toBeLessThan(1e-5);
    });
  });

  test("changes nothing at scale 0, and other things at another scale", () => {
    withParts((all) => {
      const lora = styled(styles.PEFT!);
      expect(difference(run(all, [{ ...lora, scale: 0 }]), taps.get("out").values)).toBeLessThan(1e-5);
      expect(difference(run(all, [{ ...lora, scale: 1 }]), get("out.plain").values)).toBeGreaterThan(1e-2);
    });
  });

  test("may change some layers only, and have keys for the text encoder", () => {
    withParts((all) => {
      const some = styled(styles.kohya!, layers.slice(0, 3));
      expect(checkLoras([some], all.targets)).toEqual([]);
      const text = written(() => ({
        [`${layers[0]}.lora_A.weight`]: tensorOf(`${layers[0]}.down`),
        [`${layers[0]}.lora_B.weight`]: tensorOf(`${layers[0]}.up`),
        "lora_te1_text_model_encoder_layers_0.lora_up.weight": Tensor.from([1], [1, 1]),
      }));
      expect(checkLoras([text], all.targets)).toEqual([
        "lora_te1_text_model_encoder_layers_0.lora_up.weight",
      ]);
    });
  });
});

test("changing adapters reads the adapters' bytes and nothing of the model", () => {
  withParts((all) => {
    const [one, other] = [styled(styles.PEFT!), styled(styles.kohya!, layers.slice(0, 9))];
    const bytesFor = (loras: readonly Lora[]) => {
      const before = ByteFile.bytesRead;
      run(all, loras);
      return ByteFile.bytesRead - before;
    };
    expect(bytesFor([])).toBe(0);
    for (const loras of [[one], [other], [one, other]]) {
      const sizes = loras.reduce((sum, { path }) => sum + statSync(path).size, 0);
      // Each of the two parts reads the header, and each tensor is read by the one that it changes.
      const headers = loras.reduce((sum, { path }) => sum + headerOf(path), 0);
      expect(bytesFor(loras)).toBe(sizes + headers);
    }
  });
});

const headerOf = (path: string) => 8 + Number(readFileSync(path).readBigUInt64LE());

describe("an adapter is refused", () => {
  const first = layers.find((layer) => layer.includes("to_q"))!;
  const [inputs, outputs] = [128, 128];
  const pair = (down: Tensor, up: Tensor) => ({
    [`${first}.lora_A.weight`]: down,
    [`${first}.lora_B.weight`]: up,
  });
  const filled = (shape: number[], value = 1) =>
    Tensor.from(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value), shape);
  const refused: [string, () => Record<string, Tensor>, string][] = [
    [
      "that is for another architecture",
      () => ({ "double_blocks.0.img_attn.qkv.lora_A.weight": filled([4, 4]) }),
      "style.safetensors does not fit this model: it has no layer for double_blocks.0.img_attn.qkv.lora_A.weight",
    ],
    [
      "of another kind",
      () => ({ [`${first}.lokr_w1`]: filled([4, 4]) }),
      `style.safetensors is an adapter of another form, LyCORIS (LoKr, LoHa), which is not supported: ${first}.lokr_w1`,
    ],
    [
      "of rank 0",
      () => pair(filled([0, inputs]), filled([outputs, 0])),
      `style.safetensors has rank 0 for ${first}`,
    ],
    [
      "with NaN",
      () => pair(filled([2, inputs], Number.NaN), filled([outputs, 2])),
      `style.safetensors has NaN or infinite values for ${first}`,
    ],
    [
      "of another width",
      () => pair(filled([2, 64]), filled([outputs, 2])),
      `style.safetensors does not fit this model: ${first} takes [128] to [128], and the file has [2, 64] and [128, 2]`,
    ],
    [
      "with one half",
      () => ({ [`${first}.lora_A.weight`]: filled([2, inputs]) }),
      `style.safetensors has only one half of the change of ${first}`,
    ],
    [
      "that changes a layer twice",
      () => ({
        [`${first}.lora_A.weight`]: filled([2, inputs]),
        [`transformer.${first}.lora_A.weight`]: filled([2, inputs]),
      }),
      `style.safetensors changes ${first} twice`,
    ],
    [
      "that changes nothing",
      () => ({ "lora_te_x.alpha": filled([1]) }),
      "style.safetensors changes nothing in this model",
    ],
  ];

  test.each(refused)("%s", (_, tensors, message) => {
    const before = liveHandles();
    withParts((all) => {
      const lora = written(tensors);
      expect(() => run(all, [lora])).toThrow(message);
      expect(difference(run(all, []), taps.get("out").values)).toBeLessThan(1e-5);
    });
    expect(liveHandles()).toBe(before);
  });

  test.each([
    ["text", "this is text", "text cannot be read as safetensors: the header is too long"],
    [
      "a pointer",
      "version https://git-lfs.github.com/spec/v1\noid sha256:12\nsize 3\n",
      "a pointer cannot be read as safetensors: it is a Git LFS pointer, not the weights",
    ],
    [
      "a page",
      "<!DOCTYPE html><html>",
      "a page cannot be read as safetensors: it is a web page, not the weights",
    ],
  ])("that is %s", (label, content, message) => {
    const path = join(place, "text.safetensors");
    writeFileSync(path, content);
    withParts(({ targets }) =>
      expect(() => checkLoras([{ path, label, scale: 1 }], targets)).toThrow(message),
    );
  });

  test.each(["F64", "I8"])(
    "whose numbers are of the type %s, which it names with those that are read",
    (dtype) => {
      const path = join(place, "typed.safetensors");
      const header = JSON.stringify({ x: { dtype, shape: [1], data_offsets: [0, dtype === "F64" ? 8 : 1] } });
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(header.length));
      writeFileSync(path, Buffer.concat([length, Buffer.from(header), Buffer.alloc(8)]));
      withParts(({ targets }) =>
        expect(() => checkLoras([{ path, label: "typed", scale: 1 }], targets)).toThrow(
          `typed cannot be read as safetensors: "x" has the type "${dtype}", which is not supported; these are: F32, F16, BF16`,
        ),
      );
    },
  );
});
