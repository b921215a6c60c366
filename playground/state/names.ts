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
let asking: Promise<unknown> = Promise.resolve();

/** The name of a file, once it is known. */
export const nameOf = (fileId: string): string | undefined => known.value[fileId];

export function rememberName(fileId: string, name: string): void {
  if (known.peek()[fileId] === name) return;
  known.value = Object.fromEntries([...Object.entries(known.peek()), [fileId, name]].slice(-most));
}

/** Asks the server for a name that is not known, one after the other. */
export function learnName(fileId: string): void {
  if (known.peek()[fileId] !== undefined || asked.has(fileId)) return;
  asked.add(fileId);
  asking = asking.then(() =>
    api.file(fileId).then(
      ({ filename }) => rememberName(fileId, filename),
      () => {},
    ),
  );
}
