/**
 * LoRA adapters of the paint forms: files of this machine, and those in the server's folder.
 *
 * @module
 */
import { effect, type Signal, signal } from "@preact/signals";
import * as api from "./api.ts";
import { nameOf } from "./names.ts";
import { persisted } from "./persisted.ts";

type Ref = { lora: string } | { file_id: string };

export interface Adapter {
  name: string;
  scale: number;
  /** How a request names it; a file of this machine is uploaded first. */
  ref(): Promise<Ref>;
  /** On the server already, so that it can be kept between visits. */
  stored?: Ref;
}

interface Kept {
  name: string;
  scale: number;
  stored: Ref;
}

function kept(key: string): Signal<readonly Adapter[]> {
  const saved = persisted<readonly Kept[]>(`loras.${key}`, []);
  const list = signal<readonly Adapter[]>(
    saved.peek().map(({ name, scale, stored }) => storedAdapter(name, stored, scale)),
  );
  effect(() => {
    saved.value = list.value.flatMap(({ name, scale, stored }) => (stored ? [{ name, scale, stored }] : []));
  });
  return list;
}

/** An adapter that the server has. */
function storedAdapter(name: string, stored: Ref, scale = 1): Adapter {
  return { name, scale, stored, ref: async () => stored };
}

/** One of the server's folder. */
export const folderAdapter = ({ name }: api.LoraEntry) => storedAdapter(name, { lora: name });

/** A file of this machine. */
export function fileAdapter(file: File): Adapter {
  let sent: Promise<Ref> | undefined;
  return {
    name: file.name,
    scale: 1,
    ref() {
      sent ??= api.upload(file, file.name).then(({ file_id }) => ({ file_id }));
      sent.catch(() => {
        sent = undefined;
      });
      return sent;
    },
  };
}

export const adapters: Record<"generate" | "edit", Signal<readonly Adapter[]>> = {
  generate: kept("generate"),
  edit: kept("edit"),
};

/** The adapters of a job's parameters. */
export function adaptersOf({ params }: Pick<api.Job, "params">): Adapter[] {
  const loras = (params.loras ?? []) as readonly { file: Ref; scale?: number }[];
  return loras.map(({ file, scale }) =>
    storedAdapter(
      "lora" in file ? file.lora : (nameOf(file.file_id) ?? file.file_id),
      "lora" in file ? { lora: file.lora } : { file_id: file.file_id },
      scale ?? 1,
    ),
  );
}

/** The server's folder of adapters; undefined until it was read. */
export const folder = signal<readonly api.LoraEntry[] | undefined>(undefined);

/** The folder is read at every request, so a file that was dropped in shows at once. */
export async function loadFolder(): Promise<void> {
  folder.value = await api.loras().catch(() => folder.peek() ?? []);
}

export const fits = (entry: api.LoraEntry, model: api.Model | undefined) =>
  model !== undefined &&
  entry.fits.some(({ family, models }) => family === model.family && models.includes(model.name));
