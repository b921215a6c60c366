/**
 * Messages to webhooks in PostgreSQL. Of several senders one has a message at a time; if it dies, another sends it under the same id.
 *
 * @module
 */
import type { SQL } from "bun";
import type { Client } from "../../fleet/connect.ts";
import type { WebhookDelivery } from "../job.ts";
import { withoutNul } from "./postgres-records.ts";
import type { Delivery, DeliveryStore } from "./store.ts";

export interface Message {
  job_id: string;
  url: string;
  body: string;
}

const isNew: WebhookDelivery = { status: "pending", attempts: 0, error: null };

/** Adds messages, inside the transaction that ends their jobs, and gives what the jobs show of them. */
export async function addDeliveries(sql: SQL, messages: readonly Message[]): Promise<WebhookDelivery> {
  const each = (of: (message: Message) => string) => sql.array(messages.map(of), "text");
  const jobs = each(({ job_id }) => job_id);
  await sql`
    WITH shown AS (UPDATE jobs SET webhook_delivery = ${JSON.stringify(isNew)} WHERE id = ANY (${jobs}))
    INSERT INTO deliveries (id, job_id, url, body, created_at, next_at)
    SELECT m.id, m.job_id, m.url, m.body, now, now FROM easel_now() AS now,
      unnest(${each(() => `msg_${crypto.randomUUID().replaceAll("-", "")}`)}, ${jobs}, ${each(({ url }) => url)},
        ${each(({ body }) => body)}) AS m (id, job_id, url, body)`;
  return isNew;
}

/** Lets the job say what becomes of its message. */
async function show(sql: SQL, job: string, delivery: WebhookDelivery): Promise<void> {
  await sql`UPDATE jobs SET webhook_delivery = ${JSON.stringify(delivery)} WHERE id = ${job}`;
}

export const postgresDeliveries = (client: Client): DeliveryStore => ({
  async claim(limit, seconds) {
    const rows = await client.run(
      (sql) => sql<Delivery[]>`
        UPDATE deliveries SET next_at = easel_now() + ${seconds}::float8 WHERE id IN (
          SELECT id FROM deliveries WHERE next_at <= easel_now() ORDER BY next_at LIMIT ${limit} FOR UPDATE SKIP LOCKED)
        RETURNING *`,
    );
    return [...rows].sort((a, b) => a.created_at - b.created_at);
  },

  async dueIn() {
    const [row] = await client.run(
      (sql) =>
        sql<{ seconds: number | null }[]>`SELECT min(next_at) - easel_now() AS seconds FROM deliveries`,
    );
    return row?.seconds ?? undefined;
  },

  async postpone({ id, job_id, attempts }, seconds, error) {
    await client.begin(async (sql) => {
      const waiting = await sql`
        UPDATE deliveries SET attempts = attempts + 1, next_at = easel_now() + ${seconds}::float8 WHERE id = ${id} RETURNING 1`;
      if (waiting.length > 0)
        await show(sql, job_id, { status: "pending", attempts: attempts + 1, error: withoutNul(error) });
    });
  },

  async settle({ id, job_id, attempts }, error) {
    const status = error === null ? "delivered" : "given_up";
    await client.begin(async (sql) => {
      // a sender that was taken for dead changes nothing any more
      const waiting = await sql`DELETE FROM deliveries WHERE id = ${id} RETURNING 1`;
      if (waiting.length > 0)
        await show(sql, job_id, { status, attempts: attempts + 1, error: error && withoutNul(error) });
    });
  },
});
