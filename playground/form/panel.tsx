import { chosenModel } from "../state/forms.ts";
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
  const several = (tool === "depth" || tool === "upscale") && batch.value.length > 1;
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
          {(tool === "generate" || tool === "edit") && <PaintFields tool={tool} model={model} />}
        </div>
        <div class="panel-foot">
          <button type="submit" class="primary" disabled={!model?.activated || sending.value.has(tool)}>
            {sending.value.has(tool)
              ? "Sending…"
              : several
                ? `${verbs[tool]}: ${batch.value.length} images`
                : verbs[tool]}
          </button>
          <PlanLine tool={tool} />
          {model && !model.activated && <p class="muted">Install the model first.</p>}
        </div>
      </form>
    </section>
  );
}
