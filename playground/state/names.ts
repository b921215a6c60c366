/**
 * Names of stored files, which titles of results show. A job states only the ids of its files.
 *
 * @module
 */
import * as api from "./api.ts";
import { persisted } from "./persisted.ts";

const most = 1000;
const known = persisted<Readonly<Record<string, string>>>("names", {});
const asked = new Set<string>();
const waiting: string[] = [];
let asking = false;
/** Each time that names become known, every title is made again and all names are saved. */
const together = 50;

/** The name of a file, once it is known. */
export const nameOf = (fileId: string): string | undefined => known.value[fileId];

export const rememberName = (fileId: string, name: string) => remember(new Map([[fileId, name]]));

function remember(names: ReadonlyMap<string, string>): void {
  const fresh = [...names].filter(([id, name]) => known.peek()[id] !== name);
  if (fresh.length > 0)
    known.value = Object.fromEntries([...Object.entries(known.peek()), ...fresh].slice(-most));
}

/** Asks the server for a name that is not known, one after the other. */
export function learnName(fileId: string): void {
  if (known.peek()[fileId] !== undefined || asked.has(fileId)) return;
  asked.add(fileId);
  waiting.push(fileId);
  if (!asking) void askAll();
}

async function askAll(): Promise<void> {
  asking = true;
  const learned = new Map<string, string>();
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    const file = await api.file(id).catch(() => undefined);
    if (file) learned.set(id, file.filename);
    if (learned.size < together && waiting.length > 0) continue;
    remember(learned);
    learned.clear();
  }
  asking = false;
}
