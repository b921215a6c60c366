/**
 * Encoded prompts and pictures, so that one that comes again needs no encoder: in memory, and on disk where the settings want it.
 *
 * @module
 */
import { createPromptFiles, type PromptFiles } from "./files.ts";

/**
 * States of a text, [tokens, channels], and whether the text was longer than the model reads. Of a picture: its tokens, row by row, and
 * how many rows there are.
 */
export type EncodedPrompt = {
  data: Float32Array<ArrayBuffer>;
  tokens: number;
  cut?: boolean;
  rows?: number;
};

/** LRU cache of prompts in memory. Copies, because buffers for the engine are transferred. */
export interface PromptMemory {
  get(key: string): EncodedPrompt | undefined;
  put(key: string, prompt: EncodedPrompt): void;
}

export function createPromptMemory({ entries = 64, bytes = 128e6 } = {}): PromptMemory {
  const prompts = new Map<string, EncodedPrompt>();
  let held = 0;
  return {
    get(key) {
      const prompt = prompts.get(key);
      if (prompt) {
        prompts.delete(key);
        prompts.set(key, prompt);
      }
      return prompt && copyOf(prompt);
    },
    put(key, given) {
      const prompt = copyOf(given);
      held += prompt.data.byteLength - (prompts.get(key)?.data.byteLength ?? 0);
      prompts.delete(key);
      prompts.set(key, prompt);
      for (const [oldest, { data }] of prompts) {
        if (prompts.size <= entries && held <= bytes) break;
        prompts.delete(oldest);
        held -= data.byteLength;
      }
    },
  };
}

const copyOf = ({ data, ...about }: EncodedPrompt): EncodedPrompt => ({ data: data.slice(), ...about });

export interface PromptCache {
  get(key: string): Promise<EncodedPrompt | undefined>;
  /** Resolves to the reason why it could not be written, if there is one. */
  put(key: string, prompt: EncodedPrompt): Promise<string | undefined>;
}

export function createPromptCache(memory: PromptMemory, files: PromptFiles | null): PromptCache {
  return {
    async get(key) {
      const known = memory.get(key);
      if (known) return known;
      const kept = await files?.get(key);
      if (kept) memory.put(key, kept);
      return kept;
    },
    async put(key, prompt) {
      memory.put(key, prompt);
      try {
        await files?.put(key, prompt);
        return undefined;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code ?? (error as Error).name;
      }
    },
  };
}

/** The prompts of a server, which its families share. The number is the bytes that they may take on disk; 0 keeps none there. */
export type Prompts = (diskBytes: number) => PromptCache;

export function createPrompts({
  cache_dir: folder,
  cache_max_gb,
}: {
  cache_dir: string;
  cache_max_gb: number | null;
}): Prompts {
  const memory = createPromptMemory();
  const cacheBytes = cache_max_gb === null ? null : cache_max_gb * 1e9;
  return (bytes) =>
    createPromptCache(memory, bytes === 0 ? null : createPromptFiles({ folder, bytes, cacheBytes }));
}
