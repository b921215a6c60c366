import { beforeAll, describe, expect, test } from "bun:test";
import {
  dequantize,
  linear,
  type Quantization,
  quantize,
  quantizedLinear,
  quantizedMatmul,
  scope,
} from "../../ffi/index.ts";
import { error, openFixtures } from "./fixtures.ts";
import { openForTests } from "./open.ts";

beforeAll(openForTests);

const kinds: Quantization[] = [
  { bits: 2, groupSize: 64 },
  { bits: 3, groupSize: 64 },
  { bits: 4, groupSize: 32 },
  { bits: 4, groupSize: 64 },
  { bits: 4, groupSize: 128 },
  { bits: 5, groupSize: 64 },
  { bits: 6, groupSize: 64 },
  { bits: 8, groupSize: 32 },
  { bits: 8, groupSize: 64 },
  { bits: 8, groupSize: 128 },
];

describe("quantized weights", () => {
  test.each(kinds)("packed by NumPy at $bits bits in groups of $groupSize mean what they should", (kind) => {
    using file = openFixtures("quantized");
    scope(() => {
      const take = (name: string) => file.take(`q${kind.bits}g${kind.groupSize}/${name}`);
      const packed = { weight: take("weight"), scales: take("scales"), biases: take("biases") };
      const whole = dequantize(packed, kind);
      expect(error(whole, take("full"))).toBeLessThanOrEqual(1e-6);
      const x = take("x");
      expect(error(quantizedLinear(x, packed, kind), take("out"))).toBeLessThanOrEqual(2e-6);
      expect(
        error(
          quantizedLinear(x, packed, kind, take("x").slice([0, 0], [1, 4])),
          linear(x, whole).add(x.slice([0, 0], [1, 4])),
        ),
      ).toBeLessThanOrEqual(2e-6);
    });
  });

  test.each(kinds)("of ours at $bits bits in groups of $groupSize are at most half a step off", (kind) => {
    using file = openFixtures("quantized");
    scope(() => {
      const w = file.take("weights/w");
      const packed = quantize(w, kind);
      expect(packed.weight.dtype).toBe("uint32");
      expect(packed.weight.shape).toEqual([16, (256 * kind.bits) / 32]);
      const off = dequantize(packed, kind).sub(w).abs();
      // MLX moves a group's ends so that zero is exact, which makes a step a little wider than (max − min) / (2^bits − 1).
      const steps = packed.scales.abs().repeat(kind.groupSize ?? 64, 1);
      expect(off.div(steps).max().item()).toBeLessThanOrEqual(1.01);
      expect(off.div(steps).mean().item()).toBeLessThanOrEqual(0.3);
    });
  });

  test("work the other way round", () => {
    using file = openFixtures("quantized");
    scope(() => {
      const kind = { bits: 8, groupSize: 64 } as const;
      const packed = quantize(file.take("weights/w"), kind);
      const x = file.take("weights/w").slice([0, 0], [3, 16]);
      const y = quantizedMatmul(x, packed, kind, { transpose: false });
      expect(error(y, linear(x, dequantize(packed, kind).transpose()))).toBeLessThanOrEqual(2e-6);
    });
  });

  test("of an impossible kind are an error", () => {
    using file = openFixtures("quantized");
    scope(() => {
      const w = file.take("weights/w");
      expect(() => quantize(w, { bits: 7 as 8 })).toThrow("[quantize] there are no 7 bits in groups of 64");
      expect(() => quantize(w.slice([0, 0], [16, 40]), { bits: 4 })).toThrow("divisible");
    });
  });
});
