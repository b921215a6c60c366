import { expect, test } from "bun:test";
import { Refusal } from "../../../../src/errors.ts";
import type { Install } from "../../../../src/jobs/runner/activations.ts";
import { harness, settle } from "../harness.ts";

const model = { family: "fake", model: "large" };
const activation = { type: "activation", params: model };

/** Installs that stay open until the test ends them. */
function installs() {
  const open: {
    signal: AbortSignal;
    finish(): void;
    fail(error: unknown): void;
    report: Parameters<Install>[1]["report"];
  }[] = [];
  const install: Install = (_, { signal, report }) =>
    new Promise((resolve, reject) => {
      open.push({ signal, report, finish: () => resolve({ downloaded_bytes: 10 }), fail: reject });
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  return { open, install };
}

test("downloads go one after the other, and pictures do not wait for them", async () => {
  const { open, install } = installs();
  const { scheduler, submit } = harness({ install });
  await scheduler.start();
  const first = (await scheduler.submit(activation)).job.id;
  const second = (await scheduler.submit(activation)).job.id;
  const picture = await submit();
  await settle();
  expect(open).toHaveLength(1);
  expect((await scheduler.job(picture.id)).status).toBe("succeeded");
  expect((await scheduler.job(first)).status).toBe("running");
  open[0]!.report({ bytes_done: 5, bytes_total: 10 });
  expect((await scheduler.job(first)).progress).toBe(0.5);
  open[0]!.finish();
  await settle();
  expect((await scheduler.job(first)).result).toEqual({ ...model, downloaded_bytes: 10 });
  expect(open).toHaveLength(2);
  open[1]!.finish();
  await settle();
  expect((await scheduler.job(second)).status).toBe("succeeded");
});

test("a cancelled download stops, and one that fails says why", async () => {
  const { open, install } = installs();
  const { scheduler } = harness({ install });
  await scheduler.start();
  const first = (await scheduler.submit(activation)).job.id;
  await settle();
  await scheduler.cancel(first);
  await settle();
  expect(open[0]!.signal.aborted).toBe(true);
  expect((await scheduler.job(first)).status).toBe("canceled");
  const second = (await scheduler.submit(activation)).job.id;
  await settle();
  open[1]!.fail(new Refusal("disk_full", "The download needs 2 GB and the disk has 1 GB left"));
  await settle();
  expect(await scheduler.job(second)).toMatchObject({
    status: "failed",
    error_code: "disk_full",
    error: expect.stringMatching(/2 GB.*1 GB/),
  });
});

test("a shutdown puts the download back, and the next start takes it up", async () => {
  const { open, install } = installs();
  const { scheduler, store } = harness({ install });
  await scheduler.start();
  const { id } = (await scheduler.submit(activation)).job;
  await settle();
  await scheduler.stop();
  expect(open[0]!.signal.aborted).toBe(true);
  const job = await store.get(id);
  expect(job).toMatchObject({ status: "queued", started_at: null });
});
