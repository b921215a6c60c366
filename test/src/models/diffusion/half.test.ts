/** Z-Image and FLUX.2 in half precision, as on a GPU. */
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { scope, type Tensor } from "../../../../ffi/index.ts";
import * as flux2 from "../../../../src/models/flux2/load.ts";
import { decode, encode } from "../../../../src/models/flux2/pictures.ts";
import * as zimage from "../../../../src/models/zimage/load.ts";
import { pack } from "../../../../src/models/zimage/pictures.ts";
import { openForTests } from "../../../ffi/open.ts";
import { channelsLast, fixtures, numbers, recorded, single, tensor } from "./recorded.ts";

openForTests();
const dtype = "bfloat16" as const;
const folderOf = (name: string) => join(fixtures, name);

/** How alike two lists of numbers point. */
function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [both, left, right] = [0, 0, 0];
  for (let i = 0; i < b.length; i++) {
    both += a[i]! * b[i]!;
    left += a[i]! ** 2;
    right += b[i]! ** 2;
  }
  return both / Math.sqrt(left * right);
}

describe("in half precision", () => {
  test("the transformer of Z-Image points where the reference does", () => {
    const { get } = recorded(folderOf("zimage"), "dit-padded.safetensors");
    using transformer = zimage.loadTransformer([join(folderOf("zimage"), "model")], { dtype });
    const tokens = (name: string): Tensor => pack(channelsLast(get(name))).contiguous();
    scope(() => {
      const side = transformer.side(tensor(get("caption")), [5, 6]);
      const velocity = transformer.forward(tokens("latents"), get("sigma").values[0]!, side);
      expect(velocity.dtype).toBe("float32");
      expect(cosine(numbers(velocity), numbers(tokens("velocity")))).toBeGreaterThan(0.999);
    });
  });

  test("the transformer of FLUX.2 does", () => {
    const { get } = recorded(folderOf("flux2"), "dit-plain.safetensors");
    using transformer = flux2.loadTransformer([join(folderOf("flux2"), "model")], { dtype });
    scope(() => {
      const side = transformer.side(single(get("text")), [5, 6]);
      const velocity = transformer.forward(single(get("latents")), get("sigma").values[0]!, side);
      expect(velocity.dtype).toBe("float32");
      expect(cosine(numbers(velocity), get("velocity").values)).toBeGreaterThan(0.999);
    });
  });

  test("the text encoder does, through 27 layers and with padding", () => {
    const { get } = recorded(folderOf("flux2"), "text.safetensors");
    using encoder = flux2.loadTextEncoder([join(folderOf("flux2"), "model")], { dtype });
    scope(() => {
      const states = encoder.encode(encoder.prompted("A cat by the window, 窗边"));
      expect(cosine(numbers(states), get("short").values)).toBeGreaterThan(0.999);
    });
  });

  test("the picture coder does, in strips", () => {
    const { get } = recorded(folderOf("flux2"), "vae.safetensors");
    using vae = flux2.loadVae([join(folderOf("flux2"), "model")], { dtype });
    scope(() => {
      const tokens = channelsLast(get("latents"));
      const [rows, columns] = tokens.shape as [number, number];
      const data = numbers(tokens) as Float32Array<ArrayBuffer>;
      const picture = decode(vae, { data, rows, columns }, { bytes: 1 });
      expect(cosine(numbers(picture), numbers(channelsLast(get("decoded"))))).toBeGreaterThan(0.999);
      const seen = encode(vae, channelsLast(get("picture")), { bytes: 1 });
      expect(cosine(seen.data, numbers(channelsLast(get("encoded"))))).toBeGreaterThan(0.99);
    });
  });
});
