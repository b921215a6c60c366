import { useRef } from "preact/hooks";
import { forms, promptHistory } from "../state/forms.ts";
import { Field } from "../view/controls.tsx";
import { update } from "./parts.tsx";

/** Alt with the arrow keys brings back earlier prompts. */
export function Prompt({
  tool,
  value,
  set,
}: {
  tool: "generate" | "edit";
  value: string;
  set(value: string): void;
}) {
  const at = useRef(-1);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
    event.preventDefault();
    const next = at.current + (event.key === "ArrowUp" ? 1 : -1);
    const known = promptHistory.value[next];
    if (next === -1) set("");
    else if (known === undefined) return;
    else set(known);
    at.current = next;
  };
  const several = value.trim().includes("\n");
  return (
    <>
      <Field label={tool === "generate" ? "Prompt" : "What to change"}>
        <textarea
          name="prompt"
          rows={4}
          required
          placeholder={
            tool === "generate"
              ? "A lighthouse at dusk, long exposure, soft fog"
              : "Make it winter, with snow on the roofs"
          }
          value={value}
          onInput={(event) => set(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
      </Field>
      {several && (
        <label class="check">
          <input
            type="checkbox"
            checked={forms[tool].value.lines}
            onChange={(event) => update(forms[tool], { lines: event.currentTarget.checked })}
          />
          <span>Each line is a prompt of its own</span>
        </label>
      )}
    </>
  );
}
