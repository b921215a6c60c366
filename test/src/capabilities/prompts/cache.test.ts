import { describe, expect, test } from "bun:test";
import { createPromptMemory } from "../../../../src/capabilities/prompts/cache.ts";

const text = (values: number) => ({ data: new Float32Array(values), tokens: 1 });

describe("a cache of texts", () => {
  test("gives what was put, and lets the longest unused go", () => {
    const cache = createPromptMemory({ entries: 2 });
    const [a, b, c] = [text(1), text(2), text(3)];
    cache.put("a", a);
    cache.put("b", b);
    expect(cache.get("a")).toEqual(a);
    cache.put("c", c);
    expect([cache.get("a"), cache.get("b"), cache.get("c")]).toEqual([a, undefined, c]);
  });

  test("keeps its own when what was put or given moves to another thread", () => {
    const cache = createPromptMemory();
    const move = ({ data }: { data: Float32Array }) =>
      structuredClone(data, { transfer: [data.buffer as ArrayBuffer] });
    const given = { data: Float32Array.of(1, 2), tokens: 1 };
    cache.put("a", given);
    move(given);
    move(cache.get("a")!);
    expect(cache.get("a")).toEqual({ data: Float32Array.of(1, 2), tokens: 1 });
  });

  test("is bounded by bytes too, and counts what is put again once", () => {
    const cache = createPromptMemory({ bytes: 40 });
    for (let i = 0; i < 5; i++) cache.put("same", text(5));
    cache.put("other", text(5));
    expect([cache.get("same"), cache.get("other")].every(Boolean)).toBe(true);
    cache.put("third", text(1));
    expect([cache.get("same"), cache.get("other") !== undefined]).toEqual([undefined, true]);
    cache.put("huge", text(100));
    expect(cache.get("huge")).toBeUndefined();
    cache.put("small", text(10));
    expect(cache.get("small")).toBeDefined();
  });
});
