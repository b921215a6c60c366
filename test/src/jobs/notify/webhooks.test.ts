import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { openDatabase } from "../../../../src/database.ts";
import { Refusal } from "../../../../src/errors.ts";
import type { Job } from "../../../../src/jobs/job.ts";
import { webhookSecret } from "../../../../src/jobs/notify/webhook-secret.ts";
import { createWebhooks, nextWait, type Post } from "../../../../src/jobs/notify/webhooks.ts";
import { createJobStore } from "../../../../src/jobs/store/sqlite.ts";
import { createLog } from "../../../../src/log.ts";
import { arrival } from "../arrival.ts";
import { type FakeClock, fakeClock, harness, settle } from "../harness.ts";

const secret = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
const log = createLog({ level: "error", format: "text", write: () => {} });

interface Sent {
  url: string;
  headers: Record<string, string>;
  body: string;
  at: number;
}

function setup(answer: (attempt: number) => { status: number } | Promise<{ status: number }>) {
  const clock = fakeClock();
  const database = openDatabase(":memory:");
  const store = createJobStore(database, { keepFile: () => {}, now: () => clock.now() / 1000 });
  const sent: Sent[] = [];
  const post: Post = async (url, { headers, body }) => {
    sent.push({ url, headers, body, at: clock.now() });
    return answer(sent.length);
  };
  const start = (says = log) =>
    createWebhooks({ deliveries: store.deliveries, post, secret, clock, log: says, random: () => 0.5 });
  const end = async (url = "https://example.com/hook") => {
    const { job } = await store.create({ ...arrival(), webhook: { url } });
    return (await store.end(job.id, ["queued"], { status: "canceled" }))!;
  };
  return { clock, store, sent, start, end };
}

describe("a webhook", () => {
  test("gets the job as JSON, signed as Standard Webhooks says", async () => {
    const { clock, sent, start, end } = setup(() => ({ status: 200 }));
    const job = await end();
    const webhooks = start();
    webhooks.wake();
    await settle();
    expect(sent).toHaveLength(1);
    const { url, headers, body } = sent[0]!;
    expect(url).toBe("https://example.com/hook");
    expect(JSON.parse(body)).toEqual({ ...job, webhook_delivery: null });
    expect(headers["content-type"]).toBe("application/json");
    expect(headers["webhook-timestamp"]).toBe(String(Math.floor(clock.now() / 1000)));
    const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
    const mac = createHmac("sha256", "0123456789abcdef0123456789abcdef").update(signed).digest("base64");
    expect(headers["webhook-signature"]).toBe(`v1,${mac}`);
    await clock.advance(86_400_000);
    expect(sent).toHaveLength(1);
    expect(webhooks.stats()).toEqual({ delivered: 1, retried: 0, given_up: 0 });
  });

  test("shows on its job whether it waits, arrived or was given up, and why", async () => {
    const { clock, store, start, end } = setup((attempt) => {
      if (attempt === 1) return { status: 503 };
      if (attempt === 2) return { status: 200 };
      throw new Refusal("private_url", "webhook host 'example.com' resolves to non-public address 10.0.0.1");
    });
    const shown = async (id: string) => (await store.get(id)) as Job;
    const arrives = await end();
    expect(arrives.webhook_delivery).toEqual({ status: "pending", attempts: 0, error: null });
    const webhooks = start();
    webhooks.wake();
    await settle();
    expect((await shown(arrives.id)).webhook_delivery).toEqual({
      status: "pending",
      attempts: 1,
      error: "status 503",
    });
    await clock.advance(5000);
    expect((await shown(arrives.id)).webhook_delivery).toEqual({
      status: "delivered",
      attempts: 2,
      error: null,
    });
    const lost = await end();
    webhooks.wake();
    await settle();
    expect((await shown(lost.id)).webhook_delivery).toEqual({
      status: "given_up",
      attempts: 1,
      error: "webhook host 'example.com' resolves to non-public address 10.0.0.1",
    });
    const { job: silent } = await store.create(arrival());
    expect((await store.end(silent.id, ["queued"], { status: "canceled" }))!.webhook_delivery).toBeNull();
  });

  test("is tried again under the same id after about 2, 10 and 60 seconds until it answers", async () => {
    const { clock, sent, start, end } = setup((attempt) => {
      if (attempt === 2) throw new Error("connection refused");
      return { status: attempt < 4 ? 503 : 204 };
    });
    await end();
    start().wake();
    await clock.advance(200_000);
    expect(sent.map(({ at }) => Math.round((at - sent[0]!.at) / 1000))).toEqual([0, 2, 12, 72]);
    expect(new Set(sent.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
  });

  test("is given up after a day", async () => {
    const { clock, store, sent, start, end } = setup(() => ({ status: 500 }));
    await end();
    const webhooks = start();
    webhooks.wake();
    await clock.advance(90_000_000);
    expect(webhooks.stats().given_up).toBe(1);
    expect(sent.at(-1)!.at - sent[0]!.at).toBeGreaterThan(60_000_000);
    expect(sent.at(-1)!.at - sent[0]!.at).toBeLessThanOrEqual(86_400_000);
    expect(await store.deliveries.dueIn()).toBeUndefined();
  });

  test("that says 410, or leads to a private address, is not tried again", async () => {
    for (const answer of [
      () => ({ status: 410 }),
      () => {
        throw new Refusal("private_url", "no");
      },
    ]) {
      const { clock, sent, start, end } = setup(answer);
      await end();
      start().wake();
      await clock.advance(1_000_000);
      expect(sent).toHaveLength(1);
    }
  });

  test("goes on where it was after a restart of the server", async () => {
    const { clock, sent, start, end } = setup((attempt) => ({ status: attempt < 3 ? 500 : 200 }));
    await end();
    const first = start();
    first.wake();
    await settle();
    first.stop();
    await clock.advance(60_000);
    expect(sent).toHaveLength(1);
    start().wake();
    await clock.advance(60_000);
    expect(sent).toHaveLength(3);
    expect(new Set(sent.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  });

  test("waits while the store is away, which the log says once, and its end with the seconds", async () => {
    const { clock, store, sent, start, end } = setup(() => ({ status: 200 }));
    await end();
    const { claim } = store.deliveries;
    store.deliveries.claim = async () => {
      throw new Refusal("store_unavailable", "The job store does not answer; try again in a moment");
    };
    const lines: string[] = [];
    const webhooks = start(createLog({ level: "info", format: "text", write: (line) => lines.push(line) }));
    webhooks.wake();
    await clock.advance(100_000);
    store.deliveries.claim = claim;
    await clock.advance(60_000);
    expect(sent).toHaveLength(1);
    expect(lines.map((line) => /(INFO|ERROR) +([a-z ]+[a-z])/.exec(line)!.slice(1))).toEqual([
      ["ERROR", "webhooks cannot be sent error"],
      ["INFO", "webhooks can be sent again seconds"],
    ]);
    expect(lines[1]).toContain("seconds=120");
  });

  test("that never answers holds up no other", async () => {
    const { clock, sent, start, end } = setup((attempt) =>
      attempt === 1 ? new Promise<never>(() => {}) : { status: 200 },
    );
    await end("https://example.com/slow");
    const webhooks = start();
    webhooks.wake();
    await clock.advance(1000);
    await end("https://example.com/quick");
    webhooks.wake();
    await settle();
    expect(sent.map(({ url }) => url.split("/").at(-1)!)).toEqual(["slow", "quick"]);
    expect(webhooks.stats().delivered).toBe(1);
  });

  test("is sent whatever comes at once, eight at a time", async () => {
    let open = 0;
    let most = 0;
    const { sent, start, end } = setup(async () => {
      most = Math.max(most, ++open);
      await settle();
      open--;
      return { status: 200 };
    });
    for (let job = 0; job < 30; job++) await end();
    start().wake();
    for (let turn = 0; turn < 20; turn++) await settle();
    expect([sent.length, most]).toEqual([30, 8]);
  });

  test("is told by the queue, with the body that the dialect gives", async () => {
    const clock: FakeClock = fakeClock();
    const bodies: unknown[] = [];
    const queue = harness({
      notification: (job, { webhook }) => ({ id: job.id, results: [`${webhook.context?.origin}/1`] }),
    });
    const webhooks = createWebhooks({
      deliveries: queue.store.deliveries,
      post: async (_url, { body }) => {
        bodies.push(JSON.parse(body));
        return { status: 200 };
      },
      secret,
      clock: { ...clock, now: queue.clock.now },
      log,
    });
    const { scheduler } = harness({ database: queue.database, webhooks, store: queue.store });
    await scheduler.start();
    const { job } = await scheduler.submit({
      type: "fake",
      params: {},
      webhook: { url: "https://example.com", context: { origin: "http://here" } },
    });
    await settle();
    expect(bodies).toEqual([{ id: job.id, results: ["http://here/1"] }]);
  });
});

test("nextWait() never waits past a day", () => {
  const attempts = fc.integer({ min: 1, max: 100 });
  const age = fc.integer({ min: 0, max: 100_000 });
  fc.assert(
    fc.property(attempts, age, fc.double({ min: 0, max: 1, noNaN: true }), (attempts, age, random) => {
      const wait = nextWait(attempts, age, random);
      if (wait === undefined) return;
      expect(wait).toBeGreaterThan(1);
      expect(age + wait).toBeLessThanOrEqual(86_400);
    }),
  );
});

describe("the secret", () => {
  test("is made once, for its owner alone, when none is set", () => {
    const dir = mkdtempSync(join(tmpdir(), "easel-secret-"));
    try {
      const made = webhookSecret(dir, null);
      expect(made).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect(webhookSecret(dir, null)).toBe(made);
      expect(webhookSecret(dir, secret)).toBe(secret);
      expect(readdirSync(dir)).toEqual(["webhook_secret"]);
      expect(statSync(join(dir, "webhook_secret")).mode & 0o777).toBe(0o600);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test("is made anew where a full disk left an empty file, and is as the operator wrote it where they did", () => {
    const dir = mkdtempSync(join(tmpdir(), "easel-secret-"));
    try {
      writeFileSync(join(dir, "webhook_secret"), "");
      const made = webhookSecret(dir, null);
      expect(made).toMatch(/^whsec_/);
      writeFileSync(join(dir, "webhook_secret"), `  ${secret}\n`);
      expect(webhookSecret(dir, null)).toBe(secret);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test("in a damaged file names the file", () => {
    const dir = mkdtempSync(join(tmpdir(), "easel-secret-"));
    try {
      writeFileSync(join(dir, "webhook_secret"), "whsec_dama");
      expect(() => webhookSecret(dir, null)).toThrow(join(dir, "webhook_secret"));
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  test.each(["", "whsec_", "whsec_c2hvcnQ=", "0123456789abcdef0123456789abcdef", "whsec_!!!"])(
    "of the wrong form (%p) is refused",
    (wrong) => {
      const { store } = setup(() => ({ status: 200 }));
      const options = {
        deliveries: store.deliveries,
        post: async () => ({ status: 200 }),
        clock: fakeClock(),
        log,
      };
      expect(() => createWebhooks({ ...options, secret: wrong })).toThrow("webhook_secret");
    },
  );
});
