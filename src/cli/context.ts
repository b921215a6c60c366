import type { Family } from "../capabilities/family.ts";
import type { Places } from "../hub/download/resources.ts";
import type { Loaded, LoadOptions } from "../settings/load.ts";
import type { Settings } from "../settings/settings.ts";
import type { Client } from "./client.ts";

/** Dependencies of a command. `main.ts` makes them from the process, tests from strings. */
export interface CommandContext {
  capabilities: readonly Family[];
  /** The settings in force and where each comes from; reading them may fail, so it is a call. */
  loaded(flags?: LoadOptions["flags"]): Loaded;
  settings(): Settings;
  /** Where the settings file is or would be, also when it cannot be read. */
  settingsFile(): string | null;
  places(): Places;
  /** A server inside this process, for commands that need none running. It goes at once when `signal` aborts. */
  localServer(): Promise<Client>;
  env: Record<string, string | undefined>;
  out(text: string): void;
  err(text: string): void;
  /** Whether a person can be asked: both input and output are a terminal. */
  interactive: boolean;
  /** Whether standard error is a terminal, on which progress can be drawn. */
  terminal: boolean;
  /** Aborts when the process is asked to stop. A command that never reads it is ended by the system. */
  signal: AbortSignal;
}

/** A command ends with this code; the message goes to standard error as `Error: …`. */
export class CommandError extends Error {
  override name = "CommandError" as const;

  constructor(
    message: string,
    readonly exitCode: number = exitCodes.failed,
  ) {
    super(message);
  }
}

/** Exit codes of every command. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  startup: 3,
  doesNotFit: 4,
  engineFault: 70,
  storeFault: 74,
  setup: 78,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const;
