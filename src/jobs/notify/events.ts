/**
 * Keeps each job's events in memory, so that a client that reconnects gets those it missed.
 *
 * @module
 */
import type { JobEvent } from "../scheduler.ts";
import { isTerminal, Listeners, type Notices } from "./notices.ts";

interface Log {
  events: JobEvent[];
  ended: boolean;
  /** Called at each event, and when the log closes. */
  listeners: Set<() => void>;
}

/** Events kept for a job; the oldest go first. Of previews only the last one is kept. */
const mostEvents = 256;
/** Logs of ended jobs kept for late subscribers. Without its log, a job's terminal event is all they get. */
const mostEndedLogs = 256;

/** Notices inside one process. Ids follow `now`, in milliseconds, so that they rise across restarts of the server, too. */
export function createEvents(now: () => number): Notices {
  const logs = new Map<string, Log>();
  const ended: string[] = [];
  const listeners = new Listeners();
  let lastId = 0;
  let closed = false;

  const logOf = (job: string) => {
    const log = logs.get(job) ?? { events: [], ended: false, listeners: new Set() };
    logs.set(job, log);
    return log;
  };

  const add = (log: Log, event: JobEvent) => {
    if (event.event === "preview") log.events = log.events.filter((earlier) => earlier.event !== "preview");
    log.events.push(event);
    if (log.events.length > mostEvents) log.events.shift();
  };

  async function* follow(
    log: Log,
    after: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<JobEvent, void> {
    let seen = after;
    let wake = () => {};
    const listener = () => wake();
    log.listeners.add(listener);
    signal?.addEventListener("abort", listener);
    try {
      while (!signal?.aborted) {
        const event = log.events.find(({ id }) => id > seen);
        if (event) {
          seen = event.id;
          yield event;
        } else if (log.ended || closed) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      log.listeners.delete(listener);
      signal?.removeEventListener("abort", listener);
    }
  }

  const tell: Notices["tell"] = (job, { event, data }) => {
    const log = logOf(job);
    if (log.ended) return;
    lastId = Math.max(lastId + 1, Math.floor(now()));
    add(log, { id: lastId, event, data });
    if (isTerminal({ event, data })) {
      log.ended = true;
      ended.push(job);
      while (ended.length > mostEndedLogs) logs.delete(ended.shift()!);
    }
    for (const listener of log.listeners) listener();
  };

  return {
    tell,
    async follow({ id }, { after, signal, present }) {
      const log = logs.get(id);
      if (log) return follow(log, after, signal);
      // No events are kept of the job: its state is the first one.
      tell(id, await present());
      return follow(logOf(id), 0, signal);
    },
    isWatched: (job) => (logs.get(job)?.listeners.size ?? 0) > 0,
    watch() {},
    async trim() {},
    send: (name, value) => listeners.call(name, value),
    on: (name, listener) => listeners.on(name, listener),
    followed: () => [...logs].filter(([, log]) => log.listeners.size > 0).map(([job]) => job),
    close() {
      closed = true;
      for (const log of logs.values()) for (const listener of log.listeners) listener();
    },
  };
}
