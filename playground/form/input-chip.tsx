import { batch, chooseImages, inputs, setInput } from "../state/inputs.ts";
import type { ToolName } from "../state/route.ts";
import { Icon } from "../view/icons.tsx";
import { Batch } from "./attached.tsx";

/** The image that the tool works on. */
export function InputChip({ tool }: { tool: ToolName }) {
  const picture = inputs[tool].value;
  if (!picture) return null;
  const several = (tool === "depth" || tool === "upscale") && batch.value.length > 1;
  return (
    <>
      <div class="chip-input" id="current">
        {picture.shown ? <img src={picture.shown} alt="" /> : <span class="plate" />}
        <span class="name" title={picture.name}>
          {several ? `${batch.value.length} images` : picture.name}
        </span>
        <button type="button" class="quiet small" onClick={() => chooseImages(tool)}>
          Change…
        </button>
        <button
          type="button"
          class="icon"
          aria-label={`Remove ${picture.name}`}
          onClick={() => {
            batch.value = [];
            setInput(tool, undefined);
          }}
        >
          <Icon name="close" />
        </button>
      </div>
      {several && <Batch tool={tool} />}
    </>
  );
}
