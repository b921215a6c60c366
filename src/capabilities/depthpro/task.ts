import { TaskError } from "../../engine/engine.ts";
import type { Part, Task } from "../../engine/task.ts";
import type { Size } from "../../images/sizing.ts";
import { DepthPro, focalLength, metres } from "../../models/depth-pro/depth-pro.ts";
import { drawMap } from "../depth/engine/draw.ts";
import { runExtras } from "../depth/engine/extras.ts";
import { drawPreview, previewSize } from "../depth/engine/preview.ts";
import type { EstimateInput, EstimateOutput } from "../depth/phase.ts";

export const task: Task = {
  family: "depthpro",

  load(_part, { paths, bits, variant, cache }, progress, note = () => {}) {
    return DepthPro.load(paths, {
      bits,
      place: cache && { ...cache, network: `depthpro-${variant}`, note },
      step: (done, total) => progress("loading", done, total),
    });
  },

  run(phase, parts, values, progress) {
    if (phase === "extras") return runExtras(values, progress);
    const model = depthPro(parts.model);
    const input = values as EstimateInput;
    const { original, focalLengthPx } = input;
    const prediction = model.predict(
      { data: input.pixels, width: input.width, height: input.height, channels: 3 },
      {
        known: focalLengthPx !== undefined,
        step: (done) => progress("estimating", done, model.steps),
      },
    );
    const focal = focalLengthPx ?? (prediction.fov && focalLength(original.width, prediction.fov));
    const at = input.at === "picture" ? original : { width: prediction.width, height: prediction.height };
    // Without any focal length the depth is that of a lens as long as the picture is wide.
    const depthAt = (size: Size) =>
      metres(prediction, size, focal === undefined ? size.width : (focal * size.width) / original.width);
    const small = previewSize(input);
    if (small) progress("estimating", model.steps, model.steps, drawPreview(depthAt(small), small, input));
    const depth = depthAt(at);
    return {
      ...drawMap(
        { depth, width: at.width, height: at.height, unit: focal === undefined ? "relative" : "metre" },
        input,
      ),
      precision: model.precision,
      ...(focal !== undefined && { focalLengthPx: focal }),
    } satisfies EstimateOutput;
  },
};

function depthPro(part: Part | undefined): DepthPro {
  if (part instanceof DepthPro) return part;
  throw new TaskError("the part is not a Depth Pro model", "failed");
}
