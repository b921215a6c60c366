/**
 * Messages to webhooks that have not arrived yet. They are written in the transaction that ends the job, so none is lost.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import type { Spend } from "../../disk/reserve.ts";
import type { WebhookDelivery } from "../job.ts";
import type { Delivery, DeliveryStore } from "./store.ts";

export function deliveryStore(
  database: Database,
  spend: Spend,
): {
  deliveries: DeliveryStore;
  add(message: { job_id: string; url: string; body: string; now: number }): void;
} {
  const insert = database.query<null, [string, string, string, string, number, number]>(
    "INSERT INTO deliveries (id, job_id, url, body, created_at, next_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const due = database.query<Delivery, [number, number]>(
    "SELECT * FROM deliveries WHERE next_at <= ? ORDER BY next_at LIMIT ?",
  );
  const first = database.query<{ next_at: number | null }, []>(
    "SELECT min(next_at) AS next_at FROM deliveries",
  );
  const postpone = database.query<null, [number, string]>(
    "UPDATE deliveries SET attempts = attempts + 1, next_at = ? WHERE id = ?",
  );
  const remove = database.query<null, [string]>("DELETE FROM deliveries WHERE id = ?");
  const show = database.query<null, [string, string]>("UPDATE jobs SET webhook_delivery = ? WHERE id = ?");
  const tell = (job: string, delivery: WebhookDelivery) => show.run(JSON.stringify(delivery), job);
  const change = (work: () => void) => spend(() => database.transaction(work).immediate());

  return {
    add({ job_id, url, body, now }) {
      insert.run(`msg_${crypto.randomUUID().replaceAll("-", "")}`, job_id, url, body, now, now);
      tell(job_id, { status: "pending", attempts: 0, error: null });
    },
    deliveries: {
      due: async (now, limit) => due.all(now, limit),
      nextAt: async () => first.get()?.next_at ?? undefined,
      async postpone({ id, job_id, attempts }, nextAt, error) {
        change(() => {
          postpone.run(nextAt, id);
          tell(job_id, { status: "pending", attempts: attempts + 1, error });
        });
      },
      async settle({ id, job_id, attempts }, error) {
        change(() => {
          remove.run(id);
          tell(job_id, {
            status: error === null ? "delivered" : "given_up",
            attempts: attempts + 1,
            error,
          });
        });
      },
    },
  };
}
