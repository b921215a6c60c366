/**
 * What every job store keeps to where a job's end is told to a webhook. `jobs-store.ts` runs it.
 *
 * @module
 */
import { describe, expect, test } from "bun:test";
import type { Delivery } from "../../src/jobs/store/store.ts";
import { arrival as job } from "../src/jobs/arrival.ts";
import { canceled, engine, failed, file, type JobStoreBackend } from "./jobs-store.ts";

export function testDeliveries(open: JobStoreBackend["open"]): void {
  describe("the dialect that took a job", () => {
    test("is kept with it, and decides the message to its webhook", async () => {
      const { store } = await open({
        notification: (_, { dialect, webhook }) => ({ dialect, url: webhook.url }),
      });
      const webhook = { url: "https://example.com/hook" };
      const { id } = (await store.create({ ...job(), dialect: "tengr", webhook })).job;
      const plain = (await store.create(job())).job.id;
      expect(await store.sender(id)).toEqual({ dialect: "tengr", webhook });
      expect(await store.sender(plain)).toEqual({ dialect: "kiapi", webhook: undefined });
      expect(await store.sender("job_none")).toBeUndefined();
      await store.end(id, ["queued"], failed);
      const [message] = await store.deliveries.claim(10, 30);
      expect(JSON.parse(message!.body)).toEqual({ dialect: "tengr", url: webhook.url });
    });
  });

  describe("deliveries", () => {
    test("are written when a job with a webhook ends, is cancelled or is deleted, and for no other", async () => {
      const { store } = await open();
      const webhook = { url: "https://example.com/hook", context: { origin: "http://here" } };
      const ids: string[] = [];
      for (let n = 0; n < 4; n++) {
        ids.push((await store.create({ ...job(), ...(n < 3 && { webhook }) })).job.id);
      }
      expect(await store.sender(ids[0]!)).toEqual({ dialect: "kiapi", webhook });
      expect(await store.deliveries.dueIn()).toBeUndefined();
      await store.end(ids[0]!, ["queued"], failed);
      await store.end(ids[1]!, ["queued"], canceled);
      await store.delete(ids[2]!);
      await store.end(ids[3]!, ["queued"], failed);
      const due = await store.deliveries.claim(10, 30);
      expect(due.map(({ job_id }) => job_id).sort()).toEqual(ids.slice(0, 3).sort());
      expect(due.map(({ body }) => JSON.parse(body).status).sort()).toEqual([
        "canceled",
        "canceled",
        "failed",
      ]);
      expect(new Set(due.map(({ id }) => id)).size).toBe(3);
    });

    test("wait for their time, and their job says what becomes of them", async () => {
      const { store, tick } = await open();
      const webhook = { url: "https://example.com/hook" };
      const { id } = (await store.create({ ...job(), webhook })).job;
      await store.end(id, ["queued"], failed);
      const [first] = await store.deliveries.claim(10, 30);
      expect(first).toMatchObject({ job_id: id, url: webhook.url, attempts: 0 });
      await store.deliveries.postpone(first!, 500, "status 503");
      await tick(499);
      expect(await store.deliveries.claim(10, 30)).toEqual([]);
      expect(await store.deliveries.dueIn()).toBe(1);
      expect(await store.get(id)).toMatchObject({
        webhook_delivery: { status: "pending", attempts: 1, error: "status 503" },
      });
      await tick(1);
      const [again] = await store.deliveries.claim(10, 30);
      expect(again).toMatchObject({ id: first!.id, attempts: 1 });
      await store.deliveries.settle(again!, "status 410");
      expect(await store.deliveries.dueIn()).toBeUndefined();
      expect(await store.get(id)).toMatchObject({
        webhook_delivery: { status: "given_up", attempts: 2, error: "status 410" },
      });
    });

    test("are lent to one sender at a time, and to another one when it does not come back", async () => {
      const { store, tick } = await open();
      const webhook = { url: "https://example.com/hook" };
      for (let n = 0; n < 6; n++) {
        const { id } = (await store.create({ ...job(), webhook })).job;
        await store.end(id, ["queued"], failed);
      }
      const ids = (lent: Delivery[]) => lent.map(({ id }) => id);
      const lent = await Promise.all([1, 2, 3].map(() => store.deliveries.claim(4, 30)));
      expect(new Set(lent.flatMap(ids)).size).toBe(6);
      expect(lent.flat()).toHaveLength(6);
      await tick(29);
      expect(await store.deliveries.claim(10, 30)).toEqual([]);
      await tick(1);
      expect(ids(await store.deliveries.claim(10, 30)).sort()).toEqual(lent.flatMap(ids).sort());
    });

    test("are written in the same commit as the files of a job that its holder ends", async () => {
      const { store, kept } = await open();
      const webhook = { url: "https://example.com/hook" };
      const { id } = (await store.create({ ...job(), webhook })).job;
      const { claim } = (await store.claim(engine()))!;
      const files = [file(`file_${"a".repeat(32)}`)];
      const ending = { status: "succeeded", result: {}, files } as const;
      expect(await store.end(id, ["running"], ending, undefined, claim)).toMatchObject({
        status: "succeeded",
        webhook_delivery: { status: "pending" },
      });
      expect(await kept()).toEqual(files.map(({ file_id }) => file_id));
      expect(await store.deliveries.claim(10, 30)).toMatchObject([{ job_id: id, url: webhook.url }]);
    });
  });
}
