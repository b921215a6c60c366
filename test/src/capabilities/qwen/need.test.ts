import { describe, expect, test } from "bun:test";
import { contextOf } from "../../../../src/capabilities/catalogue.ts";
import { EditRequest } from "../../../../src/capabilities/qwen/contract.ts";
import { batched } from "../../../../src/capabilities/qwen/need.ts";
import { edit, warm } from "../../../../src/capabilities/qwen/operation.ts";
import type { EditParams } from "../../../../src/capabilities/qwen/params.ts";
import { families } from "../../../../src/capabilities/registry.ts";
import { budgetOf, footprint, gigabyte } from "../../../../src/engine/residency.ts";
import { defaultSettings, type SomeSettings } from "../../../../src/settings/load.ts";

const nowhere = "/nonexistent";

/** A machine with so many gigabytes, on which every model counts as there. */
function machine(gb: number, settings: SomeSettings = {}) {
  const context = contextOf(families, defaultSettings({ cache_dir: nowhere, ...settings }), {
    places: { hub: { endpoint: "", token: undefined, cache: nowhere }, downloads: nowhere },
    embedded: null,
    budget: budgetOf({ total: gb * gigabyte }, settings.memory_limit_gb ?? null),
  });
  return { ...context, activation: () => ({ source: { paths: [] } }) };
}

const body = { prompt: "make it blue", images: [{ type: "file_id", file_id: `file_${"0".repeat(32)}` }] };
const asked = (more: object, context: ReturnType<typeof machine>): EditParams =>
  edit.check(EditRequest.parse({ ...body, ...more }), context);
const peak = (params: EditParams, context: ReturnType<typeof machine>) =>
  footprint("qwen", edit.need(params, context), new Map());

describe("the prompt and the negative prompt", () => {
  test("run at once where both fit, and one after the other where they do not", () => {
    const [large, small] = [machine(64), machine(24)];
    const params = asked({}, large);
    expect([batched(params, large), batched(params, small)]).toEqual([true, false]);
    expect(edit.need(params, large).notes).toBeUndefined();
    expect(edit.need(params, small).notes?.[0]).toMatch(
      /one after the other: at once they would need \d+\.\d GB/,
    );
    expect(peak(params, small)).toBeLessThan(peak(params, large));
  });

  test("make an edit with the defaults inside 80 % of 24 GB", () => {
    const context = machine(24);
    expect(peak(asked({}, context), context)).toBeLessThan(0.8 * 24 * gigabyte);
    for (const variant of ["edit-2509", "edit-2511"])
      expect(footprint("qwen", warm(variant, context)!, new Map())).toBeLessThan(context.budget());
  });

  test("do not run at once where the setting forbids it, or where there is no guidance", () => {
    const forbidden = machine(64, { qwen_batch_guidance: false });
    expect(batched(asked({}, forbidden), forbidden)).toBe(false);
    expect(edit.need(asked({}, forbidden), forbidden).notes).toBeUndefined();
    expect(batched(asked({ guidance: 1 }, machine(64)), machine(64))).toBe(false);
  });

  test("are decided by the request and the settings: a larger limit decides otherwise, the same one the same", () => {
    const limited = (memory_limit_gb: number) => machine(64, { memory_limit_gb });
    const params = asked({}, limited(19));
    expect([18, 19, 20, 18].map((gb) => batched(params, limited(gb)))).toEqual([false, false, true, false]);
  });
});

describe("the refusal of a request that does not fit", () => {
  const advice = (params: EditParams, context: ReturnType<typeof machine>): string | undefined => {
    const { smaller } = edit.need(params, context);
    if (typeof smaller !== "function") throw new Error("it does not look at the budget");
    return smaller(context.budget());
  };

  test("names a size, bits, pictures and a setting that fit, each of them alone", () => {
    const context = machine(64, { memory_limit_gb: 19 });
    const images = Array.from({ length: 2 }, () => body.images[0]!);
    const large = { width: 2048, height: 1024, images };
    const params = asked(large, context);
    expect(peak(params, context)).toBeGreaterThan(context.budget());
    const text = advice(params, context)!;
    const quantize = Number(/quantize (\d)/.exec(text)![1]);
    const [, width, height] = /(\d+)x(\d+) pixels/.exec(text)!.map(Number);
    const reference = Number(/qwen_reference_pixels: (\d+)/.exec(text)![1]);
    expect(text).toContain("1 picture,");
    for (const change of [{ quantize }, { width: width!, height: height! }, { images: [images[0]!] }]) {
      const changed = asked({ ...large, ...change }, context);
      expect(peak(changed, context)).toBeLessThanOrEqual(context.budget());
    }
    const other = machine(64, { memory_limit_gb: 19, qwen_reference_pixels: reference });
    expect(peak(params, other)).toBeLessThanOrEqual(other.budget());
  });

  test("names nothing that would not be enough", () => {
    const context = machine(64, { memory_limit_gb: 2 });
    expect(advice(asked({}, context), context)).toBeUndefined();
  });
});
