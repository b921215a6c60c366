/** Z-Image under the names that others give its layers: single files and adapters. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { liveHandles, ones, scope, type Tensor } from "../../../../ffi/index.ts";
import { applyLoras, checkLoras, type Lora } from "../../../../src/models/diffusion/adapters.ts";
import { targetsOf } from "../../../../src/models/diffusion/names.ts";
import { loadTransformer } from "../../../../src/models/zimage/load.ts";
import { originalLayers } from "../../../../src/models/zimage/names.ts";
import type { ZImageTransformer } from "../../../../src/models/zimage/transformer.ts";
import { openForTests } from "../../../ffi/open.ts";
import { channelsLast, numbers, recorded, tensor, zimage } from "../diffusion/recorded.ts";
import { adapterFolder, styled, styles } from "../diffusion/written.ts";
import { difference } from "../fixtures.ts";

openForTests();

const folder = join(zimage, "original");
const { get, names } = recorded(folder, "taps.safetensors");
const { write, remove } = adapterFolder();
afterAll(remove);

const layersOf = (spelling: string) =>
  names
    .filter((name) => name.startsWith(`${spelling}:`) && name.endsWith(".down"))
    .map((name) => name.slice(spelling.length + 1, -".down".length));

function tokensOf(latents: Tensor): Tensor {
  const [rows, columns, channels] = latents.shape as [number, number, number];
  return latents
    .reshape(rows / 2, 2, columns / 2, 2, channels)
    .transpose(0, 2, 1, 3, 4)
    .reshape(-1, 4 * channels);
}

const targets = ({ linears }: ZImageTransformer) => targetsOf(linears.keys(), originalLayers(linears.keys()));

function velocity(transformer: ZImageTransformer, loras: readonly Lora[] = []): Float32Array {
  return scope(() => {
    using _ = applyLoras(loras, transformer.linears, targets(transformer), transformer.dtype);
    const side = transformer.side(tensor(get("caption")), [3, 4]);
    return numbers(
      transformer.forward(tokensOf(channelsLast(get("latents"))), get("sigma").values[0]!, side),
    ) as Float32Array;
  });
}

const wanted = (name: string) => scope(() => numbers(tokensOf(channelsLast(get(name)))));

test("a single file in the original names, with fused q, k and v, is the same network", () => {
  using transformer = loadTransformer([folder]);
  expect(difference(velocity(transformer), wanted("velocity"))).toBeLessThan(1e-5);
});

describe("adapters", () => {
  const [alpha, scale] = [get("alpha").values[0]!, get("scale").values[0]!];

  const cases = ["original", "diffusers"].flatMap((spelling) =>
    Object.keys(styles).map((style) => [spelling, style] as const),
  );
  test.each(cases)(
    "of the %s names in the style of %s change what they change in the reference",
    (spelling, style) => {
      const before = liveHandles();
      {
        const given = (name: string) => get(`${spelling}:${name}`);
        const { up } = styles[style]!("x");
        // A style without an alpha has it in the scale.
        const own = /lora_up/.test(up) ? 1 : alpha / 4;
        const lora = write(() => styled(styles[style]!, layersOf(spelling), given, alpha), scale * own);
        using transformer = loadTransformer([folder]);
        expect(checkLoras([lora], targets(transformer))).toEqual([]);
        expect(difference(velocity(transformer, [lora]), wanted(`${spelling}:velocity`))).toBeLessThan(2e-5);
        expect(difference(velocity(transformer), wanted("velocity"))).toBeLessThan(1e-5);
      }
      expect(liveHandles()).toBe(before);
    },
  );

  test("that change a layer fused and by itself are refused as twice", () => {
    const lora = write(() => ({
      "layers.0.attention.qkv.lora_A.weight": ones([2, 64]),
      "layers.0.attention.qkv.lora_B.weight": ones([192, 2]),
      "layers.0.attention.to_q.lora_A.weight": ones([2, 64]),
      "layers.0.attention.to_q.lora_B.weight": ones([64, 2]),
    }));
    using transformer = loadTransformer([folder]);
    expect(() => checkLoras([lora], targets(transformer))).toThrow(
      "style.safetensors changes layers.0.attention.to_q twice",
    );
  });

  test.each([
    ["lokr_w1", "LyCORIS (LoKr, LoHa)"],
    ["hada_w1_a", "LyCORIS (LoKr, LoHa)"],
    ["dora_scale", "DoRA"],
    ["diff", "whole differences of weights"],
  ])("of another form are refused by name: %s", (key, name) => {
    const lora = write(() => ({ [`layers.0.attention.to_q.${key}`]: ones([2, 2]) }));
    using transformer = loadTransformer([folder]);
    expect(() => checkLoras([lora], targets(transformer))).toThrow(
      `style.safetensors is an adapter of another form, ${name}, which is not supported`,
    );
  });
});
