/**
 * The same job as a command for a terminal.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import * as api from "../state/api.ts";
import { curl } from "../state/curl.ts";
import { inputsOf, modelOf } from "../state/result.ts";
import type { ToolName } from "../state/route.ts";
import { offer } from "../state/server.ts";
import { CopyButton } from "./controls.tsx";

const operations: Record<ToolName, string> = {
  depth: "estimate",
  upscale: "upscale",
  generate: "generate",
  edit: "edit",
};

/** The request as it was given: the server's additions to the parameters are left out. */
function bodyOf(job: api.Job): Record<string, unknown> {
  const { preview: _, mode: __, webhook: ___, ...body } = job.params;
  return Object.fromEntries(
    Object.entries(body).filter(([, value]) => value !== null && value !== undefined),
  );
}

export function CodeDrawer({ job, tool, name }: { job: api.Job; tool: ToolName; name: string }) {
  const text = useSignal("");
  useEffect(() => {
    const write = async () => {
      const uploads = await Promise.all(
        inputsOf(job).map(async (fileId) => ({
          fileId,
          name: (await api.file(fileId).catch(() => undefined))?.filename ?? "image.png",
        })),
      );
      const body = bodyOf(job);
      const format = typeof body.format === "string" ? body.format : "png";
      text.value = curl({
        path: `/v1/image/${modelOf(job).family}/${operations[tool]}`,
        body: tool === "depth" ? { ...body, include_depth_data: false } : body,
        uploads,
        output: `${name}-${tool}.${format === "jpeg" ? "jpg" : format}`,
        secured: offer.value?.secured ?? false,
      });
    };
    void write();
  }, [job.id]);
  return (
    <section class="code" aria-label="As a command">
      <div class="section-head">
        <h2>As a command</h2>
        <CopyButton text={() => text.value} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long command scrolls by keys */}
      <pre tabIndex={0}>
        <code id="code-text">{text}</code>
      </pre>
    </section>
  );
}
