import type { EstimateInput } from "../../src/capabilities/depth/phase.ts";
import { renderDepth } from "../../src/capabilities/depth/render.ts";
import type { Engine } from "../../src/engine/engine.ts";
import { Cancelled } from "../../src/engine/task.ts";

/** An engine whose depth is a ramp, and whose run waits for `gate` and can be cancelled meanwhile. */
export function rampEngine(gate: () => Promise<unknown> = async () => {}): Engine {
  return {
    load: async () => ({ bytes: 1e6 }),
    async run(_family, _phase, _parts, input, running) {
      const cancelled = new Promise<never>((_, reject) =>
        running?.signal?.addEventListener("abort", () => reject(new Cancelled())),
      );
      await Promise.race([gate(), cancelled]);
      const { width, height, render } = input as EstimateInput;
      const depth = new Float32Array(width * height).map((_, at) => 1 + at);
      const look = renderDepth(depth, width, height, render);
      return { output: { depth, width, height, unit: "metre", focalLengthPx: 100, ...look }, input, peak: 0 };
    },
    evict: async () => {},
    stats: async () => ({
      active: 0,
      peak: 0,
      cache: 0,
      parts: {},
      device: "cpu",
      kind: "cpu" as const,
      architecture: "",
    }),
  };
}
