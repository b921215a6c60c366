/** A Z-Image that mflux itself has saved, at four bits and without configs, against what mflux computes with it. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { liveHandles, scope, type Tensor } from "../../../../ffi/index.ts";
import { loadTextEncoder, loadTransformer, loadVae } from "../../../../src/models/zimage/load.ts";
import { openForTests } from "../../../ffi/open.ts";
import { channelsLast, fixtures, numbers, recorded, tensor } from "../diffusion/recorded.ts";
import { difference } from "../fixtures.ts";

openForTests();
const saved = join(fixtures, "zimage-mflux");
const { get } = recorded(saved, "taps.safetensors");

function tokensOf(latents: Tensor): Tensor {
  const [rows, columns, channels] = latents.shape as [number, number, number];
  return latents
    .reshape(rows / 2, 2, columns / 2, 2, channels)
    .transpose(0, 2, 1, 3, 4)
    .reshape(-1, 4 * channels);
}

describe("a Z-Image that mflux has saved", () => {
  test.each([8, null] as const)(
    "computes what it computes there, at its own bits when %p are wanted",
    (bits) => {
      const before = liveHandles();
      {
        using transformer = loadTransformer([saved], { bits, products: "float32" });
        const made = scope(() => {
          const side = transformer.side(tensor(get("caption")), [3, 4]);
          const latents = tokensOf(channelsLast(get("latents")));
          return numbers(transformer.forward(latents, get("sigma").values[0]!, side));
        });
        const wanted = scope(() => numbers(tokensOf(channelsLast(get("velocity")))));
        expect(difference(made, wanted)).toBeLessThan(1e-4);
        expect(new Set([...transformer.linears.values()].map((linear) => linear.bits))).toEqual(new Set([4]));
      }
      expect(liveHandles()).toBe(before);
    },
  );

  test("has its picture coder's channels last, and attention of few bits in it", () => {
    using vae = loadVae([saved]);
    const { scaling, shift } = vae.config;
    scope(() => {
      const decoded = vae.decode(channelsLast(get("z")).div(scaling!).add(shift!));
      expect(difference(numbers(decoded), numbers(channelsLast(get("decoded"))))).toBeLessThan(2e-5);
      const encoded = vae
        .encode(channelsLast(get("picture")))
        .sub(shift!)
        .mul(scaling!);
      expect(difference(numbers(encoded), numbers(channelsLast(get("encoded"))))).toBeLessThan(2e-5);
    });
  });

  test("has a text encoder whose table of tokens is quantized, too", () => {
    using encoder = loadTextEncoder([saved]);
    expect(encoder.prompted("A cat").tokens.length).toBeGreaterThan(5);
    scope(() => {
      const states = encoder.encode({ tokens: [...get("ids").values] });
      expect(difference(numbers(states), get("states").values)).toBeLessThan(1e-4);
    });
  });
});
