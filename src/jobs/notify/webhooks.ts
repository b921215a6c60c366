/**
 * Tells webhooks of jobs that ended, as Standard Webhooks (https://www.standardwebhooks.com) lays down. A message that does not
 * arrive is tried again for a day, under the same id, over restarts of the server too.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Clock } from "../clock.ts";
import type { JobMetrics } from "../scheduler.ts";
import type { Delivery, DeliveryStore } from "../store/store.ts";
import { signingKey } from "./webhook-secret.ts";

/** Sends a message through the guard for outbound requests: it follows no redirects and throws what the guard refuses. */
export type Post = (
  url: string,
  message: { headers: Record<string, string>; body: string; signal: AbortSignal },
) => Promise<{ status: number }>;

export interface WebhookOptions {
  deliveries: DeliveryStore;
  post: Post;
  /** Refuses an address that no message may be sent to, as far as it shows without a look-up. */
  check?(url: string): void;
  /** `whsec_` and the key in base64. */
  secret: string;
  clock: Clock;
  log: Log;
  /** From 0 to 1; spreads attempts, so that a receiver that comes back is not hit by all at once. */
  random?(): number;
}

export interface Webhooks {
  /** @throws {Refusal} `invalid_reference`, `private_url` */
  check(url: string): void;
  /** A job ended, or the server started: there may be something to send. */
  wake(): void;
  stop(): void;
  stats(): JobMetrics["webhooks"];
}

/** For a server that sends none. */
export const noWebhooks: Webhooks = {
  check() {},
  wake() {},
  stop() {},
  stats: () => ({ delivered: 0, retried: 0, given_up: 0 }),
};

/** Seconds before the second attempt, the third, and so on; the last one repeats until the message is a day old. */
const waits = [2, 10, 60, 300, 1800, 3600, 7200, 14_400];
const longestSeconds = 86_400;
const attemptMilliseconds = 20_000;
const mostAtOnce = 8;

/** How long to wait after that many attempts, or nothing when it is time to give up. `random` is from 0 to 1. */
export function nextWait(attempts: number, ageSeconds: number, random: number): number | undefined {
  const wait = waits[Math.min(attempts, waits.length) - 1]! * (0.9 + 0.2 * random);
  return ageSeconds + wait > longestSeconds ? undefined : wait;
}

export function createWebhooks({
  deliveries,
  post,
  check = () => {},
  secret,
  clock,
  log,
  random = Math.random,
}: WebhookOptions): Webhooks {
  const key = readSecret(secret);
  const sending = new Map<string, AbortController>();
  const stats = { delivered: 0, retried: 0, given_up: 0 };
  let stopped = false;
  let asked = false;
  let busy = false;
  let clearTimer = () => {};

  async function send(delivery: Delivery) {
    const controller = new AbortController();
    sending.set(delivery.id, controller);
    const clear = clock.after(attemptMilliseconds, () => controller.abort());
    try {
      const timestamp = Math.floor(clock.now() / 1000);
      const { status } = await post(delivery.url, {
        headers: {
          "content-type": "application/json",
          "webhook-id": delivery.id,
          "webhook-timestamp": String(timestamp),
          "webhook-signature": sign(key, delivery.id, timestamp, delivery.body),
        },
        body: delivery.body,
        signal: controller.signal,
      });
      if (stopped) return;
      if (status >= 200 && status < 300) {
        stats.delivered++;
        await deliveries.settle(delivery, null);
      } else {
        // 410 is the standard's word for "never again".
        await later(delivery, `status ${status}`, status === 410);
      }
    } catch (error) {
      if (stopped) return;
      await later(
        delivery,
        (error as Error).message,
        error instanceof Refusal && (error.code === "private_url" || error.code === "invalid_reference"),
      );
    } finally {
      clear();
      sending.delete(delivery.id);
    }
  }

  async function later(delivery: Delivery, reason: string, never: boolean) {
    const now = clock.now() / 1000;
    const attempts = delivery.attempts + 1;
    const wait = never ? undefined : nextWait(attempts, now - delivery.created_at, random());
    const fields = { job_id: delivery.job_id, webhook_id: delivery.id, attempts, reason };
    if (wait === undefined) {
      stats.given_up++;
      log.warning("webhook given up", fields);
      await deliveries.settle(delivery, reason);
    } else {
      stats.retried++;
      log.info("webhook will be tried again", { ...fields, in_s: Math.round(wait) });
      await deliveries.postpone(delivery, now + wait, reason);
    }
  }

  /** Sends what is due, then sleeps until the next one is. */
  async function pump() {
    asked = true;
    if (busy) return;
    busy = true;
    try {
      while (asked && !stopped) {
        asked = false;
        clearTimer();
        const now = clock.now() / 1000;
        const due = await deliveries.due(now, mostAtOnce + sending.size);
        const free = due.filter(({ id }) => !sending.has(id)).slice(0, mostAtOnce - sending.size);
        for (const delivery of free) void send(delivery).then(wake, fault);
        const next = await deliveries.nextAt();
        if (next !== undefined && next > now) clearTimer = clock.after((next - now) * 1000, wake);
      }
    } catch (error) {
      fault(error);
    } finally {
      busy = false;
    }
  }

  /** The store did not answer: later, not at once, or a full disk would keep the processor busy. */
  function fault(error: unknown) {
    if (stopped) return;
    log.error("webhooks cannot be sent", { error });
    clearTimer = clock.after(30_000, wake);
  }

  const wake = () => void pump();

  return {
    check,
    wake,
    stop() {
      stopped = true;
      clearTimer();
      for (const controller of sending.values()) controller.abort();
    },
    stats: () => ({ ...stats }),
  };
}

function sign(key: Uint8Array, id: string, timestamp: number, body: string): string {
  const mac = new Bun.CryptoHasher("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return `v1,${mac}`;
}

function readSecret(secret: string): Uint8Array {
  const key = signingKey(secret);
  if (!key) throw new Error('webhook_secret must be "whsec_" and 24 to 64 random bytes in base64');
  return key;
}
