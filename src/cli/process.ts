import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { leave } from "../../ffi/leave.ts";
import { exitCodes } from "./context.ts";

/** A command's access to its process. */
export interface Process {
  /** Starts the engine's thread. */
  startWorker(): Worker;
  /** Ends the process at once, whatever is in flight. */
  leave(error: Error, code: number): never;
  /** Does a last thing, however the process ends; nothing helps against a kill. */
  atEnd(work: () => void): void;
  /** Settles when the process is asked to stop. Asked again, it leaves at once. */
  untilStopped(): Promise<void>;
}

const stopSignals = {
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
  SIGHUP: exitCodes.hungUp,
} as const;

export function thisProcess(startWorker: () => Worker): Process {
  return {
    startWorker,
    leave(error, code) {
      process.stderr.write(`Error: ${error.message}\n`);
      leave(code);
    },
    atEnd(work) {
      process.once("exit", work);
    },
    untilStopped() {
      const { promise, resolve } = Promise.withResolvers<void>();
      onStop(() => resolve());
      return promise;
    },
  };
}

/** Why a command that ends by itself was stopped. */
export class Interrupted extends Error {
  override name = "Interrupted" as const;

  constructor(
    readonly exitCode: number,
    message = "interrupted",
  ) {
    super(message);
  }
}

/** A signal that aborts when the process is asked to stop. Asked again, it leaves at once. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  onStop((code) => controller.abort(new Interrupted(code)));
  return controller.signal;
}

function onStop(stop: (code: number) => void): void {
  let stopping = false;
  for (const [name, code] of Object.entries(stopSignals)) {
    if (isIgnored(constants.signals[name as keyof typeof stopSignals])) continue;
    process.on(name, () => {
      if (stopping) leave(code);
      stopping = true;
      stop(code);
    });
  }
}

/** Whether the parent process ignores a signal, as `nohup` does. A listener would undo that. Only Linux shows it. */
function isIgnored(signal: number): boolean {
  try {
    const [, mask] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n;
  } catch {
    return false;
  }
}

/** Watches standard output. The function it gives waits until all of it is out, which the process's end would cut off. */
export function watchOutput(): () => Promise<Error | undefined> {
  let failed: NodeJS.ErrnoException | undefined;
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    failed ??= error;
  });
  return async () => {
    await new Promise<void>((resolve) => process.stdout.write("", () => setImmediate(resolve)));
    // A reader that closed the pipe has read enough.
    return failed?.code === "EPIPE" ? undefined : failed;
  };
}
