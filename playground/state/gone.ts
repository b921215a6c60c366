/**
 * Files of results that were deleted on the server, as by a command that saved its result elsewhere. A job stays when its files go.
 *
 * @module
 */
import { computed } from "@preact/signals";
import * as api from "./api.ts";
import { persisted } from "./persisted.ts";

const most = 5000;
const list = persisted<readonly string[]>("gone", []);
const asked = new Set<string>();
let found: string[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;
/** Many are found at a time, and each change makes every list of results anew. */
const togetherMs = 150;

export const gone = computed<ReadonlySet<string>>(() => new Set(list.value));

/** Asks the server about a file whose image did not come. */
export async function askWhetherGone(file: string): Promise<void> {
  if (asked.has(file) || gone.peek().has(file)) return;
  asked.add(file);
  try {
    await api.file(file);
  } catch (error) {
    if (!(error instanceof api.ApiError) || error.status !== 404) return void asked.delete(file);
    found.push(file);
    clearTimeout(timer);
    timer = setTimeout(() => {
      list.value = [...list.value, ...found].slice(-most);
      found = [];
    }, togetherMs);
  }
}
