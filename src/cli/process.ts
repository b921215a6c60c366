import { exitCodes } from "./context.ts";

/** What a command may do to the process it runs in. */
export interface Process {
  /** Starts the engine's thread. */
  startWorker(): Worker;
  /** Ends the process at once, whatever is in flight. */
  leave(error: Error, code: number): never;
  /** Settles when the process is asked to stop. Asked again, it leaves at once. */
  untilStopped(): Promise<void>;
}

const signals = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export function thisProcess(startWorker: () => Worker): Process {
  return {
    startWorker,
    leave(error, code) {
      process.stderr.write(`Error: ${error.message}\n`);
      process.exit(code);
    },
    untilStopped() {
      const { promise, resolve } = Promise.withResolvers<void>();
      let stopping = false;
      for (const [signal, code] of Object.entries(signals))
        process.on(signal, () => {
          if (stopping) process.exit(code);
          stopping = true;
          resolve();
        });
      return promise;
    },
  };
}

/** A signal that aborts on Ctrl-C, for commands that end by themselves; pressed again, the process leaves. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once("SIGINT", () => {
    controller.abort();
    process.once("SIGINT", () => process.exit(exitCodes.interrupted));
  });
  return controller.signal;
}
