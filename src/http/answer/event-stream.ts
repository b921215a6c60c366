import type { JobEvent } from "../../jobs/scheduler.ts";

const aliveEveryMs = 5000;

/**
 * Events in the wire format. JSON holds no line break, so no text of a job can begin another event. `gone` is
 * aborted when the reader leaves.
 */
export const eventStream = (
  events: AsyncIterable<JobEvent>,
  gone: AbortController,
  everyMs = aliveEveryMs,
): ReadableStream<Uint8Array> =>
  sentEvents(
    async (send) => {
      for await (const { id, event, data } of events)
        send(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    gone,
    everyMs,
  );

/** Streams what `follow` sends, with a regular comment that keeps proxies from closing a silent stream. */
export function sentEvents(
  follow: (send: (text: string) => void) => Promise<void>,
  gone: AbortController,
  everyMs = aliveEveryMs,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let alive: ReturnType<typeof setInterval> | undefined;
  return new ReadableStream({
    start(controller) {
      const send = (text: string) => {
        if (!gone.signal.aborted) controller.enqueue(encoder.encode(text));
      };
      alive = setInterval(() => send(": alive\n\n"), everyMs);
      follow(send)
        .then(() => {
          if (!gone.signal.aborted) controller.close();
        })
        .catch((error) => {
          if (!gone.signal.aborted) controller.error(error);
        })
        .finally(() => clearInterval(alive));
    },
    cancel() {
      clearInterval(alive);
      gone.abort();
    },
  });
}
