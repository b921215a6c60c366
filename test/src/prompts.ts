import { createPromptCache, createPromptMemory, type Prompts } from "../../src/capabilities/prompts/cache.ts";

/** A cache of encoded prompts that writes nothing to the disk. */
export const noPrompts: Prompts = () => createPromptCache(createPromptMemory(), null);
