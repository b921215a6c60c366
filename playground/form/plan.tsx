/**
 * Below the button: what pressing it will give, take and cost.
 *
 * @module
 */
import { useEffect } from "preact/hooks";
import { forms } from "../state/forms.ts";
import {
  factorRefusal,
  factors,
  gigabytes,
  memoryPlan,
  plannedSeconds,
  plannedTool,
  sizeOf,
} from "../state/plan.ts";
import { duration } from "../state/result.ts";
import type { ToolName } from "../state/route.ts";
import { update } from "./parts.tsx";

export function PlanLine({ tool }: { tool: ToolName }) {
  useEffect(() => {
    plannedTool.value = tool;
    return () => {
      plannedTool.value = undefined;
    };
  }, [tool]);
  const size = sizeOf(tool);
  const plan = memoryPlan.value;
  const seconds = plannedSeconds.value;
  const facts = [
    size && `${size.width} × ${size.height}`,
    seconds !== undefined && `about ${duration(seconds)}`,
    plan?.fits && `${gigabytes(plan.peak_bytes)} of ${gigabytes(plan.budget_bytes)} GB`,
  ].filter(Boolean);
  return (
    <div class="plan">
      <p class="muted">{facts.join(" · ")}</p>
      {plan && !plan.fits && (
        <p class="plan-warning" role="status">
          This needs {gigabytes(plan.peak_bytes)} GB of memory; {gigabytes(plan.budget_bytes)} GB are
          available.
          {plan.smaller && ` Choose ${plan.smaller}.`}
        </p>
      )}
      {tool === "upscale" && <SmallerFactor />}
    </div>
  );
}

/** The largest factor that can be had, where the chosen one cannot. */
function SmallerFactor() {
  const { resolution } = forms.upscale.value;
  if (!factors.some((factor) => factor === resolution) || !factorRefusal(resolution)) return null;
  const best = factors.findLast((factor) => !factorRefusal(factor));
  if (!best) return null;
  return (
    <button type="button" class="small" onClick={() => update(forms.upscale, { resolution: best })}>
      Use {best.replace("x", "×")}
    </button>
  );
}
