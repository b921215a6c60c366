import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { liveHandles, openSafetensors, scope, Tensor } from "../../../ffi/index.ts";
import { type ColorFix, fixColors } from "../../../src/models/seedvr2/color.ts";
import { loadText, loadTransformer, loadVae } from "../../../src/models/seedvr2/load.ts";
import { decode, denoise, encode, enlarge } from "../../../src/models/seedvr2/upscale.ts";
import { partition, windowsOf } from "../../../src/models/seedvr2/windows.ts";
import { Blend, tilesOf } from "../../../src/nn/tiles.ts";
import { openForTests } from "../../ffi/open.ts";
import { difference } from "./fixtures.ts";

openForTests();

const folder = join(import.meta.dir, "../../fixtures/seedvr2");
const json = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8"));

/** A recorded array; pictures and maps come as [1, channels, (1,) rows, columns]. */
function recorded(file: string): (name: string) => { shape: readonly number[]; values: Float32Array } {
  using opened = openSafetensors(join(folder, file));
  const all = new Map(
    [...opened.tensors.keys()].map((name) => {
      using tensor = opened.take(name);
      return [name, { shape: [...tensor.shape], values: tensor.read("float32") }];
    }),
  );
  return (name) => all.get(name)!;
}

/** Channels last, without the axes of one. */
function channelsLast({ shape, values }: { shape: readonly number[]; values: Float32Array }): Tensor {
  const [channels, rows, columns] = [shape[1]!, shape.at(-2)!, shape.at(-1)!];
  return Tensor.from(values, [channels, rows, columns]).transpose(1, 2, 0).contiguous();
}

const numbers = (tensor: Tensor) => tensor.read("float32");

describe("windowsOf()", () => {
  const cases = json("windows.json") as {
    height: number;
    width: number;
    shift: boolean;
    windows: [number, number, number, number][];
  }[];

  test.each(
    cases.map((each) => [`${each.height}x${each.width} ${each.shift ? "shifted" : "plain"}`, each] as const),
  )("cuts %s as the reference does", (_, { height, width, shift, windows }) => {
    const ours = windowsOf(height, width, shift, [4, 3, 3]);
    expect(ours.map(({ top, bottom, left, right }) => [top, bottom, left, right])).toEqual(windows);
    const { order, back } = partition(ours, width);
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: height * width }, (_, i) => i));
    expect([...back.map((place) => order[place]!)]).toEqual(
      Array.from({ length: height * width }, (_, i) => i),
    );
  });
});

describe.each(["3b", "7b"])("the transformer in the form of %s", (variant) => {
  test("agrees with the reference in every block, over even, uneven and shifted windows", () => {
    const before = liveHandles();
    const get = recorded(`dit-${variant}.safetensors`);
    {
      const { transformer } = loadTransformer([join(folder, variant)], variant);
      using _ = transformer;
      const errors: Record<string, number> = {};
      const steps: number[] = [];
      const text = get("txt");
      scope(() => {
        const out = transformer.forward(
          channelsLast(get("vid")),
          Tensor.from(text.values, text.shape.slice(1)),
          1000,
          (done, total) => steps.push(done / total),
          (block, { vid, txt }) => {
            errors[`block${block}.vid`] = difference(numbers(vid), get(`block${block}.vid`).values);
            errors[`block${block}.txt`] = difference(numbers(txt), get(`block${block}.txt`).values);
          },
        );
        errors.out = difference(numbers(out), numbers(channelsLast(get("out"))));
      });
      for (const [stage, error] of Object.entries(errors))
        expect([stage, error < 2e-5]).toEqual([stage, true]);
      expect(Object.keys(errors).length).toBe(2 * transformer.config.layers + 1);
      expect(steps.at(-1)).toBe(1);
    }
    expect(liveHandles()).toBe(before);
  });

  test.each([3, 4, 5, 6, 8] as const)("runs with %d-bit weights near what they stand for", (bits) => {
    const get = recorded(`dit-${variant}.safetensors`);
    using transformer = loadTransformer([join(folder, variant)], variant, { bits }).transformer;
    scope(() => {
      const text = get("txt");
      const words = Tensor.from(text.values, text.shape.slice(1));
      const out = numbers(transformer.forward(channelsLast(get("vid")), words, 1000));
      const error = difference(out, numbers(channelsLast(get("out"))));
      expect(error).toBeLessThan({ 3: 0.6, 4: 0.35, 5: 0.2, 6: 0.1, 8: 0.03 }[bits]);
      expect(error).toBeGreaterThan(1e-5);
    });
  });
});

describe("the picture coder", () => {
  const get = recorded("vae.safetensors");

  test("agrees with the reference at every stage, folded from video to stills", () => {
    const before = liveHandles();
    {
      using vae = loadVae([folder]).vae;
      const errors: Record<string, number> = {};
      const tap = (name: string, x: Tensor) => {
        errors[name] = difference(numbers(x.at(0)), numbers(channelsLast(get(name))));
      };
      scope(() => {
        errors.encoded = difference(
          numbers(vae.encode(channelsLast(get("image")), tap)),
          numbers(channelsLast(get("encoded"))),
        );
        errors.decoded = difference(
          numbers(vae.decode(channelsLast(get("latent")), tap)),
          numbers(channelsLast(get("decoded"))),
        );
      });
      for (const [stage, error] of Object.entries(errors))
        expect([stage, error < 2e-5]).toEqual([stage, true]);
      expect(Object.keys(errors).length).toBe(12);
    }
    expect(liveHandles()).toBe(before);
  });

  test("fades tiles into each other as the reference does", () => {
    using vae = loadVae([folder]).vae;
    scope(() => {
      const image = channelsLast(get("tiled.image"));
      const [rows, columns] = [image.shape[0]! / 8, image.shape[1]! / 8];
      const coded = new Blend(rows, columns, 16, 2);
      for (const tile of tilesOf(rows, columns, 8, 2)) {
        const [top, left] = [8 * tile.top, 8 * tile.left];
        coded.add(
          tile,
          numbers(vae.encode(image.slice([top, left], [top + 8 * tile.rows, left + 8 * tile.columns]))),
        );
      }
      const latent = coded.finish();
      expect(difference(latent.data, numbers(channelsLast(get("tiled.encoded"))))).toBeLessThan(2e-5);
      const z = channelsLast(get("tiled.encoded"));
      const drawn = new Blend(8 * rows, 8 * columns, 3, 16);
      for (const tile of tilesOf(rows, columns, 8, 2)) {
        const { top, left } = tile;
        const scaled = { top: 8 * top, left: 8 * left, rows: 8 * tile.rows, columns: 8 * tile.columns };
        drawn.add(scaled, numbers(vae.decode(z.slice([top, left], [top + tile.rows, left + tile.columns]))));
      }
      expect(difference(drawn.finish().data, numbers(channelsLast(get("tiled.decoded"))))).toBeLessThan(2e-5);
    });
  }, 60_000);
});

describe("fixColors()", () => {
  const get = recorded("color.safetensors");

  test.each(["wavelet-lab", "wavelet", "lab"] as const)(
    "agrees with the reference in the mode %s",
    (how: ColorFix) => {
      scope(() => {
        const fixed = fixColors(channelsLast(get("content")), channelsLast(get("style")), how);
        expect(difference(numbers(fixed), numbers(channelsLast(get(how))))).toBeLessThan(1e-4);
      });
    },
  );
});

describe("from picture to picture", () => {
  const cases = json("pipeline.json") as {
    variant: string;
    input: string;
    resolution: string | number;
    softness: number;
    seed: number;
    width: number;
    height: number;
    output: string;
  }[];

  test.each(cases.map((each) => [each.output, each] as const))(
    "makes %s within one level",
    async (_, { variant, input, softness, seed, width, height, output }) => {
      const before = liveHandles();
      const raw = await sharp(join(folder, input)).raw().toBuffer({ resolveWithObject: true });
      const wanted = await sharp(join(folder, output)).raw().toBuffer();
      {
        using vae = loadVae([folder]).vae;
        using transformer = loadTransformer([join(folder, variant), folder], variant).transformer;
        const text = loadText([folder], transformer.config.text);
        const style = enlarge(
          { data: raw.data, width: raw.info.width, height: raw.info.height, channels: 3 },
          width,
          height,
          softness,
        );
        const tiling = { tile: 512, overlap: 64 };
        const low = encode(vae, style, tiling);
        const made = decode(vae, denoise(transformer, low, text, seed), style, "wavelet-lab", tiling);
        let most = 0;
        let off = 0;
        made.forEach((value, i) => {
          const difference = Math.abs(value - wanted[i]!);
          most = Math.max(most, difference);
          if (difference > 1) off++;
        });
        expect(made.length).toBe(wanted.length);
        expect({ most, off }).toEqual({ most: Math.min(most, 1), off: 0 });
      }
      expect(liveHandles()).toBe(before);
    },
    120_000,
  );
});
