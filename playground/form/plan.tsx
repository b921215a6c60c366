/**
 * Below the button: what pressing it will give, take and cost.
 *
 * @module
 */
import { useEffect } from "preact/hooks";
import { memoryPlan, plannedSeconds, plannedTool, sizeOf } from "../state/plan.ts";
import { duration } from "../state/result.ts";
import type { ToolName } from "../state/route.ts";

const gigabytes = (bytes: number) => (bytes / 2 ** 30).toFixed(bytes < 2 ** 30 ? 2 : 1);

export function PlanLine({ tool }: { tool: ToolName }) {
  useEffect(() => {
    plannedTool.value = tool;
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
    </div>
  );
}
