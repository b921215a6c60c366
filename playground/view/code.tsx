/**
 * The same job as a command for a terminal, or as a program.
 *
 * @module
 */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import * as api from "../state/api.ts";
import type { Command } from "../state/commands.ts";
import { persisted } from "../state/persisted.ts";
import { inputsOf, modelOf } from "../state/result.ts";
import type { ToolName } from "../state/route.ts";
import { offer } from "../state/server.ts";
import { CopyButton, Segments } from "./controls.tsx";

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

type Language = "curl" | "python" | "javascript";
const language = persisted<Language>("language", "curl");

export function CodeDrawer({ job, tool, name }: { job: api.Job; tool: ToolName; name: string }) {
  const command = useSignal<Command | undefined>(undefined);
  const text = useSignal("");
  useEffect(() => {
    const describe = async () => {
      const uploads = await Promise.all(
        inputsOf(job).map(async (fileId) => ({
          fileId,
          name: (await api.file(fileId).catch(() => undefined))?.filename ?? "image.png",
        })),
      );
      const body = bodyOf(job);
      const format = typeof body.format === "string" ? body.format : "png";
      command.value = {
        path: `/v1/image/${modelOf(job).family}/${operations[tool]}`,
        body: tool === "depth" ? { ...body, include_depth_data: false } : body,
        uploads,
        output: `${name}-${tool}.${format === "jpeg" ? "jpg" : format}`,
        secured: offer.value?.secured ?? false,
      };
    };
    void describe();
  }, [job.id]);
  useEffect(() => {
    const write = async () => {
      const commands = await import("../state/commands.ts");
      if (command.value) text.value = commands[language.value](command.value);
    };
    void write();
  }, [command.value, language.value]);
  return (
    <section class="code" aria-label="As code">
      <div class="section-head">
        <h2>As code</h2>
        <Segments
          label="Language"
          name="language"
          value={language.value}
          set={(next) => {
            language.value = next;
          }}
          options={[
            { value: "curl", label: "curl" },
            { value: "python", label: "Python" },
            { value: "javascript", label: "JavaScript" },
          ]}
        />
        <CopyButton text={() => text.value} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a long command scrolls by keys */}
      <pre tabIndex={0}>
        <code id="code-text">{text}</code>
      </pre>
    </section>
  );
}
