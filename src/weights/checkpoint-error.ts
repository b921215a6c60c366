import { TaskError } from "../engine/engine.ts";

/** Differences between a checkpoint's tensors and those that the network needs. */
export interface Faults {
  missing: readonly string[];
  misshaped: readonly string[];
  surplus: readonly string[];
}

const shown = 12;
const listed = (label: string, names: readonly string[]) =>
  names.length === 0
    ? []
    : [
        `${label}: ${names.slice(0, shown).join(", ")}${
          names.length > shown ? ` and ${names.length - shown} more` : ""
        }`,
      ];

/** A model's files are not what the network needs, or not what they say they are. Names a file, never its folder. */
export class CheckpointError extends TaskError {
  readonly faults: Faults;

  constructor(file: string, reason: string | Faults) {
    super(
      typeof reason === "string"
        ? `${file}: ${reason}`
        : `${file} does not fit the network. ${[
            ...listed("Missing", reason.missing),
            ...listed("Wrong shape", reason.misshaped),
            ...listed("Not known", reason.surplus),
          ].join(". ")}`,
      "checkpoint_invalid",
    );
    this.faults = typeof reason === "string" ? { missing: [], misshaped: [], surplus: [] } : reason;
  }
}
