/**
 * Messages to webhooks that have not arrived yet. They are written in the transaction that ends the job, so none is lost.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import type { Spend } from "../../disk/reserve.ts";
import type { Delivery, DeliveryStore } from "../store/store.ts";

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
  const postpone = database.query<null, [number, number, string]>(
    "UPDATE deliveries SET attempts = ?, next_at = ? WHERE id = ?",
  );
  const remove = database.query<null, [string]>("DELETE FROM deliveries WHERE id = ?");

  return {
    add: ({ job_id, url, body, now }) =>
      insert.run(`msg_${crypto.randomUUID().replaceAll("-", "")}`, job_id, url, body, now, now),
    deliveries: {
      due: async (now, limit) => due.all(now, limit),
      nextAt: async () => first.get()?.next_at ?? undefined,
      postpone: async (id, attempts, nextAt) => {
        spend(() => postpone.run(attempts, nextAt, id));
      },
      remove: async (id) => {
        spend(() => remove.run(id));
      },
    },
  };
}
