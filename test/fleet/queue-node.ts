/**
 * A node of a fleet inside a test: a real store, real notices and beats over a database, and an engine that does as the test says.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gigabyte } from "../../src/engine/residency.ts";
import { insertFiles } from "../../src/files/shared/postgres-records.ts";
import type { Connection } from "../../src/fleet/connect.ts";
import { joinFleet } from "../../src/fleet/node.ts";
import { createScheduler, type SchedulerOptions } from "../../src/jobs/create-scheduler.ts";
import { createPostgresNotices } from "../../src/jobs/notify/postgres-notices.ts";
import { createPostgresJobStore } from "../../src/jobs/store/postgres.ts";
import { createLog } from "../../src/log.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import {
  type FakeEngine,
  type FakeFiles,
  type FakeParams,
  fakeEngine,
  fakeFiles,
  fakeOperation,
} from "../src/jobs/harness.ts";
import { noPrompts } from "../src/prompts.ts";
import { nodeOf } from "./jobs.ts";

export interface QueueNode {
  id: string;
  scheduler: ReturnType<typeof createScheduler>;
  engine: FakeEngine;
  files: FakeFiles;
  lines: string[];
  submit(params?: FakeParams): Promise<string>;
  stop(): Promise<void>;
}

export interface QueueNodeOptions extends Partial<Pick<SchedulerOptions, "webhooks">> {
  connection: Connection;
  /** Seconds. */
  lease?: number;
  /** The variants whose files it has; none for one that only takes requests. */
  variants?: readonly string[];
  preview?: NonNullable<ReturnType<typeof fakeOperation>["preview"]>;
}

export async function queueNode({
  connection,
  lease = 3,
  variants = ["fake/base"],
  preview,
  ...more
}: QueueNodeOptions): Promise<QueueNode> {
  const dataDir = mkdtempSync(join(tmpdir(), "easel-fleet-node-"));
  const lines: string[] = [];
  const log = createLog({ level: "debug", format: "text", write: (line) => void lines.push(line) });
  const name = `node-${crypto.randomUUID().slice(0, 8)}`;
  const member = await joinFleet(connection, { name, role: "both", version: "1.2.3", dataDir, lease, log });
  const store = createPostgresJobStore({
    connection,
    node: nodeOf({ id: member.id, name, lease }),
    insertFiles,
  });
  const engine = fakeEngine();
  const files = fakeFiles();
  const operation = { ...fakeOperation(), ...(preview && { preview }) };
  const scheduler = createScheduler({
    store,
    notices: await createPostgresNotices({ connection, node: member.id, log }),
    placing: { isShared: true, types: ["fake"], variants: () => variants },
    files,
    engine,
    log,
    operationOf: (type) => (type === "fake" ? { family: "fake", operation } : undefined),
    describe: (family, variant) => ({ domain: "image", repo: `${family}/${variant}` }),
    memory: () => ({ total: 100 * gigabyte }),
    check: {
      settings: defaultSettings({ memory_limit_gb: 10, shutdown_grace_s: 1 }),
      prompts: noPrompts,
      budget: () => Infinity,
      activation: () => ({ source: { paths: ["/weights"] } }),
    },
    ...more,
  });
  member.begin({
    beat: () => scheduler.beat(),
    beaten: async () => {},
    reap: () => scheduler.recover(),
  });
  await scheduler.start();
  return {
    id: member.id,
    scheduler,
    engine,
    files,
    lines,
    submit: async (params = {}) => (await scheduler.submit({ type: "fake", params })).job.id,
    async stop() {
      await scheduler.stop();
      await member.leave();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Waits until something holds. The test's own limit ends it. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(10);
}
