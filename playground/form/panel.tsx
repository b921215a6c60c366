import { chosenModel, forms } from "../state/forms.ts";
import { gridOf } from "../state/grid.ts";
import { batch } from "../state/inputs.ts";
import type { ToolName } from "../state/route.ts";
import { run, sending } from "../state/run.ts";
import { DepthFields } from "./depth-fields.tsx";
import { InputChip } from "./input-chip.tsx";
import { PaintFields } from "./paint-fields.tsx";
import { PlanLine } from "./plan.tsx";
import { leads, toolTitles, verbs } from "./titles.ts";
import { UpscaleFields } from "./upscale-fields.tsx";

export function Panel({ tool }: { tool: ToolName }) {
  const model = chosenModel(tool);
  const paints = tool === "generate" || tool === "edit";
  /** Images that one press makes, where the button says it. */
  const count = (paints ? gridOf(forms[tool].value)?.count : batch.value.length) ?? 1;
  const submit = (event: Event) => {
    event.preventDefault();
    void run(tool);
  };
  return (
    <section class="panel" id="panel" aria-labelledby="panel-title">
      <form onSubmit={submit}>
        <div class="panel-fields">
          <h1 id="panel-title">{toolTitles[tool]}</h1>
          <p class="lead">{leads[tool]}</p>
          {tool !== "generate" && <InputChip tool={tool} />}
          {tool === "depth" && <DepthFields model={model} />}
          {tool === "upscale" && <UpscaleFields />}
          {paints && <PaintFields tool={tool} model={model} />}
        </div>
        <div class="panel-foot">
          <button type="submit" class="primary" disabled={!model?.activated || sending.value.has(tool)}>
            {sending.value.has(tool)
              ? "Sending…"
              : count > 1
                ? `${verbs[tool]}: ${count} images`
                : verbs[tool]}
          </button>
          <PlanLine tool={tool} />
          {model && !model.activated && <p class="muted">Install the model first.</p>}
        </div>
      </form>
    </section>
  );
}
