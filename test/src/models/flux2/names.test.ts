/** FLUX.2 under the names that others give its layers: the authors' single files and adapters. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { liveHandles, ones, scope } from "../../../../ffi/index.ts";
import { applyLoras, checkLoras, type Lora } from "../../../../src/models/diffusion/adapters.ts";
import { targetsOf } from "../../../../src/models/diffusion/names.ts";
import { loadTransformer } from "../../../../src/models/flux2/load.ts";
import { authorsLayers } from "../../../../src/models/flux2/names.ts";
import type { Flux2Transformer } from "../../../../src/models/flux2/transformer.ts";
import { openForTests } from "../../../ffi/open.ts";
import { flux2, numbers, recorded, single } from "../diffusion/recorded.ts";
import { adapterFolder, styled, styles } from "../diffusion/written.ts";
import { difference } from "../fixtures.ts";

openForTests();

const folder = join(flux2, "authors");
const { get, names } = recorded(folder, "taps.safetensors");
const { write, remove } = adapterFolder();
afterAll(remove);

const layersOf = (spelling: string) =>
  names
    .filter((name) => name.startsWith(`${spelling}:`) && name.endsWith(".down"))
    .map((name) => name.slice(spelling.length + 1, -".down".length));

const targets = ({ linears, config }: Flux2Transformer) =>
  targetsOf(linears.keys(), authorsLayers(config.double, config.single));

function velocity(transformer: Flux2Transformer, loras: readonly Lora[] = [], hint = ""): Float32Array {
  return scope(() => {
    using _ = applyLoras(loras, transformer.linears, targets(transformer), transformer.dtype, hint);
    const side = transformer.side(single(get("text")), [3, 4]);
    return numbers(
      transformer.forward(single(get("latents")), get("sigma").values[0]!, side),
    ) as Float32Array;
  });
}

test("the authors' single file is the same network: q, k and v cut apart, the last modulation's halves swapped", () => {
  using transformer = loadTransformer([folder]);
  expect(difference(velocity(transformer), get("velocity").values)).toBeLessThan(1e-5);
});

describe("adapters", () => {
  const [alpha, scale] = [get("alpha").values[0]!, get("scale").values[0]!];

  const cases = ["authors", "diffusers"].flatMap((spelling) =>
    Object.keys(styles).map((style) => [spelling, style] as const),
  );
  test.each(cases)(
    "of the %s' names in the style of %s change what they change in the reference",
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
        expect(difference(velocity(transformer, [lora]), get(`${spelling}:velocity`).values)).toBeLessThan(
          2e-5,
        );
        expect(difference(velocity(transformer), get("velocity").values)).toBeLessThan(1e-5);
      }
      expect(liveHandles()).toBe(before);
    },
  );

  test("of a model of another size are refused with a word about sizes", () => {
    const lora = write(() => ({
      "transformer_blocks.0.attn.to_q.lora_A.weight": ones([2, 96]),
      "transformer_blocks.0.attn.to_q.lora_B.weight": ones([96, 2]),
    }));
    using transformer = loadTransformer([folder]);
    expect(() => velocity(transformer, [lora], ". Those of 4B and 9B differ")).toThrow(
      "style.safetensors does not fit this model: transformer_blocks.0.attn.to_q takes [64] to [64], and the file has " +
        "[2, 96] and [96, 2]. Those of 4B and 9B differ",
    );
  });
});
