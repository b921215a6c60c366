/**
 * Lists of files that go with a request: images of a batch, references, adapters.
 *
 * @module
 */
import { useEffect } from "preact/hooks";
import { adapters, fileAdapter, fits, folder, folderAdapter, loadFolder } from "../state/adapters.ts";
import type { Model } from "../state/api.ts";
import {
  addReferences,
  batch,
  chooseFiles,
  fromBlob,
  type Picture,
  references,
  setInput,
} from "../state/inputs.ts";
import { toast } from "../state/notices.ts";
import type { ToolName } from "../state/route.ts";
import { Icon } from "../view/icons.tsx";
import { Reorder } from "./reorder.tsx";

const Remove = ({ name, remove }: { name: string; remove(): void }) => (
  <button type="button" class="icon" aria-label={`Remove ${name}`} onClick={remove}>
    <Icon name="close" />
  </button>
);

interface PicturesProps {
  pictures: readonly Picture[];
  set(pictures: readonly Picture[]): void;
}

const Pictures = ({ pictures, set }: PicturesProps) => (
  <Reorder
    items={pictures}
    set={set}
    nameOf={({ name }) => name}
    row={(picture) => (
      <>
        {picture.shown ? <img src={picture.shown} alt="" draggable={false} /> : <span class="plate" />}
        <span class="name">{picture.name}</span>
        <Remove name={picture.name} remove={() => set(pictures.filter((other) => other !== picture))} />
      </>
    )}
  />
);

/** The images of a batch in the order in which they run. */
export function Batch({ tool }: { tool: ToolName }) {
  const pictures = batch.value;
  const set = (next: readonly Picture[]) => {
    batch.value = next;
    setInput(tool, next[0]);
  };
  return (
    <details class="more">
      <summary>Order of the images</summary>
      <Pictures pictures={pictures} set={set} />
    </details>
  );
}

export function References() {
  const add = async () => {
    const files = await chooseFiles("image/*", true);
    const pictures = [];
    for (const file of files)
      try {
        pictures.push(await fromBlob(file, file.name));
      } catch (error) {
        toast((error as Error).message);
      }
    addReferences(pictures);
  };
  return (
    <div class="field" data-drop="references">
      <span>More references</span>
      <Pictures pictures={references.value} set={(next) => (references.value = next)} />
      <button type="button" class="quiet" onClick={add} disabled={references.value.length >= 7}>
        Add a reference…
      </button>
    </div>
  );
}

const mostAdapters = 4;

export function Adapters({ tool, model }: { tool: "generate" | "edit"; model: Model | undefined }) {
  const list = adapters[tool];
  useEffect(() => void loadFolder(), []);
  const room = mostAdapters - list.value.length;
  const chosen = new Set(list.value.map(({ name }) => name));
  const known = folder.value ?? [];
  const offered = known.filter((entry) => fits(entry, model) && !chosen.has(entry.name));
  const misfits = new Set(known.filter((entry) => !fits(entry, model)).map(({ name }) => name));
  const add = async () => {
    const files = await chooseFiles(".safetensors", true);
    list.value = [...list.value, ...files.slice(0, room).map(fileAdapter)];
  };
  return (
    <div class="field">
      <span>LoRA</span>
      <ul class="list">
        {list.value.map((adapter) => (
          <li key={adapter.name}>
            <span class="name" title={adapter.name}>
              {adapter.name}
              {adapter.stored && misfits.has(adapter.name) && (
                <small class="error">Does not fit {model?.name}</small>
              )}
            </span>
            <input
              type="number"
              min={-4}
              max={4}
              step={0.05}
              value={adapter.scale}
              aria-label={`Strength of ${adapter.name}`}
              onInput={(event) => {
                const scale = event.currentTarget.valueAsNumber || 0;
                list.value = list.value.map((other) => (other === adapter ? { ...adapter, scale } : other));
              }}
            />
            <Remove
              name={adapter.name}
              remove={() => {
                list.value = list.value.filter((other) => other !== adapter);
              }}
            />
          </li>
        ))}
      </ul>
      {offered.length > 0 && (
        <select
          aria-label="LoRA of the server's folder"
          value=""
          disabled={room <= 0}
          onFocus={loadFolder}
          onChange={(event) => {
            const entry = offered.find(({ name }) => name === event.currentTarget.value);
            if (entry) list.value = [...list.value, folderAdapter(entry)];
            event.currentTarget.value = "";
          }}
        >
          <option value="">Choose from the server's folder…</option>
          {offered.map(({ name }) => (
            <option key={name} value={name}>
              {name.replace(/\.safetensors$/, "")}
            </option>
          ))}
        </select>
      )}
      <button type="button" class="quiet" onClick={add} disabled={room <= 0}>
        Add a LoRA…
      </button>
      {folder.value && folder.value.length === 0 && (
        <small>
          Files in the server's folder <code>loras</code> are offered here, see the setting{" "}
          <code>lora_dir</code>.
        </small>
      )}
    </div>
  );
}
