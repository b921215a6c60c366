import type { ActivationEvent } from "../../hub/download/resources.ts";
import type { CommandContext } from "../context.ts";
import type { Step } from "../remote-job.ts";
import { bytes } from "./table.ts";

/** Draws the steps of a job as a bar. Returns nothing to call where standard error is no terminal. */
export function jobBar(context: CommandContext, prefix = ""): { step(step: Step): void; clear(): void } {
  if (!context.terminal) return { step: () => {}, clear: () => {} };
  const clear = "\r\x1b[2K";
  return {
    step: ({ label, progress }) => {
      const text = progress === null ? label : `${blocks(progress)}  ${label}`;
      process.stderr.write(`${clear}${prefix}${text}`);
    },
    clear: () => void process.stderr.write(clear),
  };
}

/** Draws the events of a download: a moving bar on a terminal, else a line every ten seconds. */
export function progressLines(context: CommandContext, now = Date.now): (event: ActivationEvent) => void {
  let file = "";
  let began = 0;
  let first = 0;
  let drawn = 0;
  return (event) => {
    switch (event.event) {
      case "planned":
        return;
      case "ready":
        return context.out(`ready: ${event.label}`);
      case "listing":
        return context.out(`activate: ${event.label}`);
      case "downloaded":
        return context.out(`  [ok] ${event.label}`);
      case "waiting":
        return context.err(`  ${event.why}: trying again in ${Math.ceil(event.seconds)} s`);
      case "file": {
        if (event.file !== file) {
          file = event.file;
          began = now();
          first = event.done;
          // without a terminal a line tells how far it is, not that it begins
          drawn = context.interactive ? 0 : now();
        }
        const ended = event.done === event.total;
        if (!ended && now() - drawn < (context.interactive ? 100 : 10_000)) return;
        drawn = now();
        const seconds = (now() - began) / 1000;
        const speed = seconds > 0.5 ? (event.done - first) / seconds : 0;
        const text = bar(event, speed);
        if (context.interactive) process.stderr.write(`\r\x1b[2K${text}${ended ? "\n" : ""}`);
        else context.err(text);
      }
    }
  };
}

function bar({ file, done, total }: { file: string; done: number; total: number }, speed: number): string {
  const share = total > 0 ? done / total : 1;
  const rate = speed > 0 ? `  ${(speed / 1e6).toFixed(1)} MB/s` : "";
  const rest = speed > 0 && done < total ? `  ${clock((total - done) / speed)} left` : "";
  return `  ${blocks(share)}  ${bytes(done)} of ${bytes(total)}${rate}${rest}  ${file}`;
}

function blocks(share: number): string {
  const filled = Math.round(share * 24);
  const percent = `${Math.floor(share * 100)}`.padStart(3);
  return `${"█".repeat(filled)}${"░".repeat(24 - filled)} ${percent} %`;
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
