/**
 * Sends the messages about ended jobs, by Standard Webhooks (https://www.standardwebhooks.com). A message that does not arrive is
 * tried again for a day, under the same id, across restarts of the server.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";
import { type Log, type Outage, tellOutages } from "../../log.ts";
import type { Clock } from "../clock.ts";
import type { JobMetrics } from "../scheduler.ts";
import type { Delivery, DeliveryStore } from "../store/store.ts";
import { signingKey } from "./webhook-secret.ts";

/** Sends a message through the guard for outbound requests, which follows no redirects and may refuse. */
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
  /** From 0 to 1. Spreads the attempts, so that a receiver that recovers does not get all at once. */
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
/** Longer than an attempt: a sender that died gives its messages to others then. */
const lentSeconds = 30;
const mostAtOnce = 8;
/** Milliseconds until a store that failed is asked again. */
const storePause = 30_000;
/** The status that Standard Webhooks uses for "never again". */
const gone = 410;

/** Seconds to wait after that many attempts; undefined when the message is given up. `random` is from 0 to 1. */
export function nextWait(attempts: number, ageSeconds: number, random: number): number | undefined {
  const wait = waits[Math.min(attempts, waits.length) - 1]! * (0.9 + 0.2 * random);
  return ageSeconds + wait > longestSeconds ? undefined : wait;
}

export const createWebhooks = (options: WebhookOptions): Webhooks => new WebhookSender(options);

class WebhookSender implements Webhooks {
  readonly #deliveries: DeliveryStore;
  readonly #post: Post;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #random: () => number;
  readonly #key: Uint8Array;
  readonly #sending = new Map<string, AbortController>();
  readonly #outage: Outage;
  readonly #stats = { delivered: 0, retried: 0, given_up: 0 };
  readonly check: (url: string) => void;
  #isStopped = false;
  #isAsked = false;
  #isBusy = false;
  #clearTimer = () => {};

  constructor({
    deliveries,
    post,
    check = () => {},
    secret,
    clock,
    log,
    random = Math.random,
  }: WebhookOptions) {
    this.#deliveries = deliveries;
    this.#post = post;
    this.check = check;
    this.#clock = clock;
    this.#log = log;
    this.#random = random;
    const words = { begins: "webhooks cannot be sent", ends: "webhooks can be sent again" };
    this.#outage = tellOutages(log, words, clock.now);
    this.#key = readSecret(secret);
  }

  wake(): void {
    void this.#sendDue();
  }

  stop(): void {
    this.#isStopped = true;
    this.#clearTimer();
    for (const controller of this.#sending.values()) controller.abort();
  }

  stats(): JobMetrics["webhooks"] {
    return { ...this.#stats };
  }

  /** Sends due messages, then sleeps until the next one is due. */
  async #sendDue(): Promise<void> {
    this.#isAsked = true;
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      while (this.#isAsked && !this.#isStopped) {
        this.#isAsked = false;
        this.#clearTimer();
        const free = mostAtOnce - this.#sending.size;
        for (const delivery of free > 0 ? await this.#deliveries.claim(free, lentSeconds) : [])
          void this.#send(delivery).then(
            () => this.wake(),
            (error) => this.#postponeAll(error),
          );
        const seconds = await this.#deliveries.dueIn();
        this.#outage.worked();
        if (seconds !== undefined && seconds > 0)
          this.#clearTimer = this.#clock.after(seconds * 1000, () => this.wake());
      }
    } catch (error) {
      this.#postponeAll(error);
    } finally {
      this.#isBusy = false;
    }
  }

  /** The store failed. It is asked again after a pause, so that a full disk does not keep the processor busy. */
  #postponeAll(error: unknown): void {
    if (this.#isStopped) return;
    this.#outage.failed(error);
    this.#clearTimer = this.#clock.after(storePause, () => this.wake());
  }

  async #send(delivery: Delivery): Promise<void> {
    const controller = new AbortController();
    this.#sending.set(delivery.id, controller);
    const clear = this.#clock.after(attemptMilliseconds, () => controller.abort());
    try {
      const { status } = await this.#post(delivery.url, {
        headers: this.#headersOf(delivery),
        body: delivery.body,
        signal: controller.signal,
      });
      if (this.#isStopped) return;
      if (status < 200 || status > 299)
        return await this.#failed(delivery, `status ${status}`, status === gone);
      this.#stats.delivered++;
      await this.#deliveries.settle(delivery, null);
    } catch (error) {
      if (this.#isStopped) return;
      const isRefused =
        error instanceof Refusal && (error.code === "private_url" || error.code === "invalid_reference");
      await this.#failed(delivery, (error as Error).message, isRefused);
    } finally {
      clear();
      this.#sending.delete(delivery.id);
    }
  }

  #headersOf({ id, body }: Delivery): Record<string, string> {
    const timestamp = Math.floor(this.#clock.now() / 1000);
    return {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": sign(this.#key, id, timestamp, body),
    };
  }

  async #failed(delivery: Delivery, reason: string, isFinal: boolean): Promise<void> {
    const now = this.#clock.now() / 1000;
    const attempts = delivery.attempts + 1;
    const wait = isFinal ? undefined : nextWait(attempts, now - delivery.created_at, this.#random());
    const fields = { job_id: delivery.job_id, webhook_id: delivery.id, attempts, reason };
    if (wait === undefined) {
      this.#stats.given_up++;
      this.#log.warning("webhook given up", fields);
      await this.#deliveries.settle(delivery, reason);
    } else {
      this.#stats.retried++;
      this.#log.info("webhook will be tried again", { ...fields, in_s: Math.round(wait) });
      await this.#deliveries.postpone(delivery, wait, reason);
    }
  }
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
