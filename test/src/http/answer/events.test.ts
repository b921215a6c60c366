import { expect, test } from "bun:test";
import { eventStream } from "../../../../src/http/answer/event-stream.ts";
import { createApp } from "../../../../src/http/app.ts";
import type { JobEvent } from "../../../../src/jobs/scheduler.ts";
import { testDeps } from "../deps.ts";

async function* from(events: JobEvent[]) {
  yield* events;
}

test("events carry their ids, and a text with line breaks stays one event's data", async () => {
  const deps = testDeps();
  const asked: unknown[] = [];
  deps.scheduler.events = async (_, options) => {
    asked.push(options?.lastEventId);
    return from([
      { id: 7, event: "status", data: { progress_label: "den\n\nevent: succeeded\nid: 99" } },
      { id: 8, event: "succeeded", data: { status: "succeeded" } },
    ]);
  };
  const answer = await createApp(deps).request("/v1/jobs/job_00/events", {
    headers: { "last-event-id": "6" },
  });
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  expect(await answer.text()).toBe(
    'id: 7\nevent: status\ndata: {"progress_label":"den\\n\\nevent: succeeded\\nid: 99"}\n\n' +
      'id: 8\nevent: succeeded\ndata: {"status":"succeeded"}\n\n',
  );
  expect(asked).toEqual([6]);
});

test("a Last-Event-ID that is no number is as good as none", async () => {
  const deps = testDeps();
  const asked: unknown[] = [];
  deps.scheduler.events = async (_, options) => {
    asked.push(options?.lastEventId);
    return from([]);
  };
  for (const last of ["x", "-1", "1e3", "9".repeat(30)])
    await (
      await createApp(deps).request("/v1/jobs/job_00/events", { headers: { "last-event-id": last } })
    ).text();
  expect(asked).toEqual([undefined, undefined, undefined, undefined]);
});

test("a silent job's stream says that it is alive, and a reader who leaves is let go", async () => {
  const gone = new AbortController();
  const never = (async function* (): AsyncGenerator<JobEvent> {
    await new Promise((resolve) => gone.signal.addEventListener("abort", resolve));
  })();
  const reader = eventStream(never, gone, 1).getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toBe(": alive\n\n");
  await reader.cancel();
  expect(gone.signal.aborted).toBe(true);
});

test("HEAD on events opens no stream", async () => {
  const deps = testDeps();
  deps.scheduler.job = async () => ({}) as never;
  deps.scheduler.events = async () => {
    throw new Error("opened");
  };
  const answer = await createApp(deps).request("/v1/jobs/job_00/events", { method: "HEAD" });
  expect([answer.status, await answer.text()]).toEqual([200, ""]);
});
