import type { Text } from "./phase.ts";

/** Texts that were encoded, the last used last. Bounded by count and bytes. */
export interface TextCache {
  get(key: string): Text | undefined;
  put(key: string, text: Text): void;
}

export function createTextCache({ entries = 64, bytes = 128e6 } = {}): TextCache {
  const texts = new Map<string, Text>();
  let held = 0;
  return {
    get(key) {
      const text = texts.get(key);
      if (text) {
        texts.delete(key);
        texts.set(key, text);
      }
      return text;
    },
    put(key, text) {
      held += text.data.byteLength - (texts.get(key)?.data.byteLength ?? 0);
      texts.delete(key);
      texts.set(key, text);
      for (const [oldest, { data }] of texts) {
        if (texts.size <= entries && held <= bytes) break;
        texts.delete(oldest);
        held -= data.byteLength;
      }
    },
  };
}
