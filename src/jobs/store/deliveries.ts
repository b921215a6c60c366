/**
 * Messages to webhooks that have not arrived yet. They are written in the transaction that ends the job, so none is lost.
 *
 * @module
 */
import type { Database } from "bun:sqlite";
import type { Spend } from "../../disk/reserve.ts";
import type { WebhookDelivery } from "../job.ts";
import type { Delivery, DeliveryStore } from "./store.ts";

export class SqliteDeliveries implements DeliveryStore {
  readonly #database: Database;
  readonly #spend: Spend;
  readonly #now: () => number;
  /** Until when a message is lent, by its id. A restart gives all of them back. */
  readonly #lent = new Map<string, number>();

  constructor(database: Database, spend: Spend, now: () => number) {
    this.#database = database;
    this.#spend = spend;
    this.#now = now;
  }

  /** Adds a message, inside the transaction that ends its job. */
  add({ job_id, url, body, now }: { job_id: string; url: string; body: string; now: number }): void {
    const id = `msg_${crypto.randomUUID().replaceAll("-", "")}`;
    this.#run(
      "INSERT INTO deliveries (id, job_id, url, body, created_at, next_at) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      job_id,
      url,
      body,
      now,
      now,
    );
    this.#show(job_id, { status: "pending", attempts: 0, error: null });
  }

  async claim(limit: number, seconds: number): Promise<Delivery[]> {
    const now = this.#now();
    for (const [id, until] of this.#lent) if (until <= now) this.#lent.delete(id);
    const due = this.#database
      .query<Delivery, [number, string, number]>(
        `SELECT * FROM deliveries WHERE next_at <= ? AND id NOT IN (SELECT value FROM json_each(?))
         ORDER BY next_at LIMIT ?`,
      )
      .all(now, JSON.stringify([...this.#lent.keys()]), limit);
    for (const { id } of due) this.#lent.set(id, now + seconds);
    return due;
  }

  async dueIn(): Promise<number | undefined> {
    const first = this.#database
      .query<{ next_at: number | null }, []>("SELECT min(next_at) AS next_at FROM deliveries")
      .get();
    const at = first?.next_at ?? undefined;
    return at === undefined ? undefined : at - this.#now();
  }

  async postpone({ id, job_id, attempts }: Delivery, seconds: number, error: string): Promise<void> {
    this.#lent.delete(id);
    const nextAt = this.#now() + seconds;
    this.#change(() => {
      this.#run("UPDATE deliveries SET attempts = attempts + 1, next_at = ? WHERE id = ?", nextAt, id);
      this.#show(job_id, { status: "pending", attempts: attempts + 1, error });
    });
  }

  async settle({ id, job_id, attempts }: Delivery, error: string | null): Promise<void> {
    const status = error === null ? "delivered" : "given_up";
    this.#lent.delete(id);
    this.#change(() => {
      this.#run("DELETE FROM deliveries WHERE id = ?", id);
      this.#show(job_id, { status, attempts: attempts + 1, error });
    });
  }

  /** Lets the job say what becomes of its message. */
  #show(job: string, delivery: WebhookDelivery): void {
    this.#run("UPDATE jobs SET webhook_delivery = ? WHERE id = ?", JSON.stringify(delivery), job);
  }

  #change(work: () => void): void {
    this.#spend(() => this.#database.transaction(work).immediate());
  }

  #run(sql: string, ...values: (string | number)[]): void {
    this.#database.query<null, (string | number)[]>(sql).run(...values);
  }
}
