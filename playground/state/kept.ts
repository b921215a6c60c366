/**
 * Images that were given to a tool and not sent yet, kept by the browser over a reload.
 *
 * @module
 */
const store = "images";

export interface KeptImage {
  blob: Blob;
  name: string;
}

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open("easel", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(store);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opened;
}

/** Without a store, as in some private windows, nothing is kept and nothing fails. */
async function ask<T>(mode: IDBTransactionMode, act: (images: IDBObjectStore) => IDBRequest<T>) {
  try {
    const request = act((await database()).transaction(store, mode).objectStore(store));
    return await new Promise<T | undefined>((resolve) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => resolve(undefined);
    });
  } catch {
    return undefined;
  }
}

export const keep = (tool: string, image: KeptImage) => ask("readwrite", (images) => images.put(image, tool));
export const forget = (tool: string) => ask("readwrite", (images) => images.delete(tool));
export const keptImage = (tool: string) =>
  ask<KeptImage | undefined>("readonly", (images) => images.get(tool));
