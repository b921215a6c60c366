import * as api from "../state/api.ts";
import { adapters } from "../state/forms.ts";
import { addReferences, chooseFiles, fromBlob, references } from "../state/inputs.ts";
import { toast } from "../state/notices.ts";
import { Icon } from "../view/icons.tsx";

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
    <div class="field">
      <span>More references</span>
      <ul class="list">
        {references.value.map((picture, index) => (
          <li key={`${picture.name}-${index}`}>
            {picture.url ? <img src={picture.url} alt="" /> : <span class="plate" />}
            <span class="name">{picture.name}</span>
            <button
              type="button"
              class="icon"
              aria-label={`Remove ${picture.name}`}
              onClick={() => {
                references.value = references.value.filter((other) => other !== picture);
              }}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" onClick={add} disabled={references.value.length >= 7}>
        Add a reference…
      </button>
    </div>
  );
}

const mostAdapters = 4;

export function Adapters({ tool }: { tool: "generate" | "edit" }) {
  const list = adapters[tool];
  const add = async () => {
    const files = await chooseFiles(".safetensors", true);
    const added = files.slice(0, mostAdapters - list.value.length).map((file) => {
      let sent: Promise<string> | undefined;
      return {
        name: file.name,
        scale: 1,
        id() {
          sent ??= api.upload(file, file.name).then(({ file_id }) => file_id);
          sent.catch(() => {
            sent = undefined;
          });
          return sent;
        },
      };
    });
    list.value = [...list.value, ...added];
  };
  return (
    <div class="field">
      <span>LoRA</span>
      <ul class="list">
        {list.value.map((adapter) => (
          <li key={adapter.name}>
            <span class="name">{adapter.name}</span>
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
            <button
              type="button"
              class="icon"
              aria-label={`Remove ${adapter.name}`}
              onClick={() => {
                list.value = list.value.filter((other) => other !== adapter);
              }}
            >
              <Icon name="close" />
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="quiet" onClick={add} disabled={list.value.length >= mostAdapters}>
        Add a LoRA…
      </button>
    </div>
  );
}
