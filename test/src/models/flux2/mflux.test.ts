/** A FLUX.2 klein that mflux itself has saved, at four bits and without configs, against what mflux computes with it. */
import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { liveHandles, random, saveSafetensors, scope, zeros } from "../../../../ffi/index.ts";
import { loadTextEncoder, loadTransformer, loadVae } from "../../../../src/models/flux2/load.ts";
import { decode, encode } from "../../../../src/models/flux2/pictures.ts";
import { openSafetensors } from "../../../../src/weights/safetensors-file.ts";
import { openForTests } from "../../../ffi/open.ts";
import { channelsLast, fixtures, flux2, numbers, recorded, tensor, zimage } from "../diffusion/recorded.ts";
import { difference } from "../fixtures.ts";

openForTests();
const saved = join(fixtures, "flux2-mflux");
const { get } = recorded(saved, "taps.safetensors");
const place = mkdtempSync(join(tmpdir(), "flux2-"));
afterAll(() => rmSync(place, { recursive: true }));

describe("a FLUX.2 that mflux has saved", () => {
  test.each([8, null] as const)(
    "computes what it computes there, at its own bits when %p are wanted",
    (bits) => {
      const before = liveHandles();
      {
        using transformer = loadTransformer([saved], { bits, products: "float32" });
        const made = scope(() => {
          const side = transformer.side(tensor(get("text")), [3, 4]);
          return numbers(transformer.forward(tensor(get("latents")), get("sigma").values[0]!, side));
        });
        expect(difference(made, get("velocity").values)).toBeLessThan(1e-4);
        expect(new Set([...transformer.linears.values()].map((linear) => linear.bits))).toEqual(new Set([4]));
      }
      expect(liveHandles()).toBe(before);
    },
  );

  test("has its picture coder's channels last, and attention of few bits in it", () => {
    using vae = loadVae([saved]);
    scope(() => {
      const tokens = channelsLast(get("z"));
      const [rows, columns] = tokens.shape as [number, number];
      const data = numbers(tokens) as Float32Array<ArrayBuffer>;
      const decoded = decode(vae, { data, rows, columns });
      expect(difference(numbers(decoded), numbers(channelsLast(get("decoded"))))).toBeLessThan(2e-5);
      const encoded = encode(vae, channelsLast(get("picture")));
      expect(difference(encoded.data, numbers(channelsLast(get("encoded"))))).toBeLessThan(2e-5);
    });
  });

  test("has a text encoder whose table of tokens is quantized, too", () => {
    using encoder = loadTextEncoder([saved]);
    scope(() => {
      const states = encoder.encode({ tokens: [...get("ids").values] });
      expect(difference(numbers(states), get("states").values)).toBeLessThan(1e-4);
    });
  });
});

test("a picture coder may have a decoder of other widths than its encoder, as the small one has", () => {
  const folder = mkdtempSync(join(place, "wide-"));
  cpSync(join(flux2, "model/vae"), join(folder, "vae"), { recursive: true });
  const file = join(folder, "vae/diffusion_pytorch_model.safetensors");
  const grown = (name: string, shape: readonly number[]) =>
    shape.map((size, axis) => {
      const kept =
        axis > 1 ||
        (name === "decoder.conv_in.weight" && axis === 1) ||
        (name.startsWith("decoder.conv_out.") && axis === 0);
      return kept ? size : 3 * size;
    });
  scope(() => {
    using opened = openSafetensors(file);
    const tensors = [...opened.tensors].map(([name, { shape }], i) => {
      if (!name.startsWith("decoder.")) return [name, opened.take(name)] as const;
      return [name, random.normal(grown(name, shape), random.key(i)).mul(0.1)] as const;
    });
    saveSafetensors(file, Object.fromEntries(tensors));
  });
  using vae = loadVae([folder]);
  scope(() => {
    const picture = decode(vae, { data: new Float32Array(6 * 128).fill(0.3), rows: 2, columns: 3 });
    expect(picture.shape).toEqual([32, 48, 3]);
    expect(numbers(picture).every(Number.isFinite)).toBe(true);
  });
});

describe("a folder that does not fit is refused", () => {
  /** A copy of a folder, with a part of it changed. */
  function changed(from: string, change: (folder: string) => void): string {
    const folder = mkdtempSync(join(place, "folder-"));
    cpSync(from, folder, { recursive: true });
    change(folder);
    return folder;
  }
  const published = join(flux2, "model");

  test("of the other family, by its class or by its tensors", () => {
    expect(() => loadTransformer([join(zimage, "model")])).toThrow("_class_name");
    expect(() => loadTransformer([join(fixtures, "zimage-mflux")])).toThrow(
      "transformer_blocks.0.attn.norm_q.weight",
    );
    expect(() => loadVae([join(zimage, "model")])).toThrow("it has no bn.running_mean");
  });

  test("with tensors missing, misshaped and left over, all of them listed", () => {
    const folder = changed(published, (copy) => {
      const file = join(copy, "transformer/diffusion_pytorch_model.safetensors");
      scope(() => {
        using opened = openSafetensors(file);
        const all = Object.fromEntries([...opened.tensors.keys()].map((name) => [name, opened.take(name)]));
        delete all["norm_out.linear.weight"];
        saveSafetensors(file, {
          ...all,
          "proj_out.weight": zeros([7, 128]),
          "time_guidance_embed.guidance_embedder.linear_1.weight": zeros([2]),
        });
      });
    });
    expect(() => loadTransformer([folder])).toThrow(
      /Missing: norm_out\.linear\.weight\. Wrong shape: proj_out\.weight is \[7, 128\] and must be \[128, 128\]\. Not known: time_guidance_embed\.guidance_embedder\.linear_1\.weight/,
    );
  });

  test("with an input for guidance, or made for key-value caching", () => {
    const dev = changed(published, (copy) => {
      const config = { guidance_embeds: true, axes_dims_rope: [8, 8, 8, 8] };
      writeFileSync(join(copy, "transformer/config.json"), JSON.stringify(config));
    });
    expect(() => loadTransformer([dev])).toThrow(
      "an input for guidance, such as FLUX.2 dev, is not supported",
    );
    const cached = changed(published, (copy) =>
      writeFileSync(join(copy, "model_index.json"), JSON.stringify({ _class_name: "Flux2KleinKVPipeline" })),
    );
    expect(() => loadTransformer([cached])).toThrow("klein-9b-kv");
  });

  test("with too few layers for the states that are taken", () => {
    const folder = changed(saved, (copy) => {
      const file = join(copy, "text_encoder/0.safetensors");
      scope(() => {
        using opened = openSafetensors(file);
        const kept = [...opened.tensors.keys()].filter((name) => !/^layers\.(2[0-9])\./.test(name));
        saveSafetensors(file, Object.fromEntries(kept.map((name) => [name, opened.take(name)])));
      });
    });
    expect(() => loadTextEncoder([folder])).toThrow("it has 20 layers, and 27 are needed");
  });

  test("whose tokenizer has tokens that its text encoder does not know", () => {
    const folder = changed(saved, (copy) => {
      const from = join(flux2, "model/tokenizer");
      const to = join(copy, "tokenizer");
      rmSync(to, { recursive: true });
      mkdirSync(to);
      cpSync(from, to, { recursive: true });
      rmSync(join(to, "vocab.json"));
      const file = join(to, "tokenizer.json");
      const tokenizer = JSON.parse(readFileSync(file, "utf8")) as {
        added_tokens: { id: number }[];
      };
      for (const token of tokenizer.added_tokens) token.id += 1000;
      writeFileSync(file, JSON.stringify(tokenizer));
    });
    using encoder = loadTextEncoder([folder]);
    expect(() => encoder.encode(encoder.prompted("a cat"))).toThrow(
      "the tokenizer has tokens that the text encoder does not know",
    );
  });

  test("whose quantized matrices have a width that no program writes", () => {
    const folder = changed(saved, (copy) => {
      const file = join(copy, "transformer/0.safetensors");
      scope(() => {
        using opened = openSafetensors(file);
        const all = Object.fromEntries([...opened.tensors.keys()].map((name) => [name, opened.take(name)]));
        saveSafetensors(file, { ...all, "proj_out.weight": zeros([128, 3], "uint32") });
      });
    });
    expect(() => loadTransformer([folder])).toThrow(
      "proj_out.weight is quantized in a way that is not known",
    );
  });
});
