import type { Settings } from "../../settings/settings.ts";
import type { Text } from "./phase.ts";
import { ownSettings } from "./settings.ts";
import { createTextFiles, type TextFiles } from "./text-files.ts";

/**
 * Texts that were encoded, the last used last. Bounded by count and bytes. It takes and gives copies, because what goes to the engine
 * is moved.
 */
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
      return text && copyOf(text);
    },
    put(key, given) {
      const text = copyOf(given);
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

const copyOf = ({ data, tokens }: Text): Text => ({ data: data.slice(), tokens });

/** Texts in memory, and on disk where the settings want it. */
export interface Texts {
  get(key: string): Promise<Text | undefined>;
  /** Resolves to what kept it from being written, if anything did. */
  put(key: string, text: Text): Promise<string | undefined>;
}

export function createTexts(memory: TextCache, files: TextFiles | null): Texts {
  return {
    async get(key) {
      const known = memory.get(key);
      if (known) return known;
      const kept = await files?.get(key);
      if (kept) memory.put(key, kept);
      return kept;
    },
    async put(key, text) {
      memory.put(key, text);
      try {
        await files?.put(key, text);
        return undefined;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? (error as Error).name;
      }
    },
  };
}

const servers = new WeakMap<Settings, Texts>();

/** The texts of a server, which its settings stand for. */
export function textsOf(settings: Settings): Texts {
  const known = servers.get(settings);
  if (known) return known;
  const { cache_dir: folder, cache_max_gb, qwen_prompt_cache_mb } = ownSettings(settings);
  const files =
    qwen_prompt_cache_mb === 0
      ? null
      : createTextFiles({
          folder,
          bytes: qwen_prompt_cache_mb * 1e6,
          cacheBytes: cache_max_gb === null ? null : cache_max_gb * 1e9,
        });
  const texts = createTexts(createTextCache(), files);
  servers.set(settings, texts);
  return texts;
}
