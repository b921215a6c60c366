/** A queue over a real store in memory, with a clock that tests move and an engine that does as they say. */
import { expect } from "bun:test";
import type { Operation, Prepared, Published } from "../../../src/capabilities/capability.ts";
import { openDatabase } from "../../../src/database.ts";
import type { Engine, PartKey, Running } from "../../../src/engine/engine.ts";
import type { Need } from "../../../src/engine/need.ts";
import { movable } from "../../../src/engine/protocol.ts";
import { gigabyte } from "../../../src/engine/residency.ts";
import { Cancelled, type Source, type Values } from "../../../src/engine/task.ts";
import { Refusal } from "../../../src/errors.ts";
import type { FileRecord } from "../../../src/files/file.ts";
import type { JobFiles } from "../../../src/files/for-jobs.ts";
import type { Clock } from "../../../src/jobs/clock.ts";
import { createScheduler, type SchedulerOptions } from "../../../src/jobs/create-scheduler.ts";
import { createJobStore, type JobStoreOptions } from "../../../src/jobs/store/sqlite.ts";
import { createLog } from "../../../src/log.ts";
import { defaultSettings } from "../../../src/settings/load.ts";
import type { Settings } from "../../../src/settings/settings.ts";
import { noPrompts } from "../prompts.ts";

export interface FakeClock extends Clock {
  advance(milliseconds: number): Promise<void>;
}

/**
 * Lets everything run that waits for nothing but its turn. One turn of the event loop runs all promises that are ready; ten are for
 * what takes a turn itself, such as a message between threads.
 */
export async function settle() {
  for (let turn = 0; turn < 10; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

export function fakeClock(start = 1_700_000_000_000): FakeClock {
  let now = start;
  const timers = new Set<{ at: number; callback: () => void }>();
  return {
    now: () => now,
    after(milliseconds, callback) {
      const timer = { at: now + milliseconds, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const [next] = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
        if (!next) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.callback();
        await settle();
      }
      now = end;
      await settle();
    },
  };
}

/** One call of the engine that a test can look at and answer. */
export interface Call {
  phase: string;
  parts: Readonly<Record<string, PartKey>>;
  input: Values;
  running: Running;
  finish(output?: Values): void;
  fail(error: Error): void;
}

export interface FakeEngine extends Engine {
  /** What it was told, in order: "load KEY", "run PHASE", "evict KEY". */
  log: string[];
  loaded: Map<PartKey, number>;
  /** Bytes that a part measures; the estimate of 1 GB otherwise. */
  weighs: Map<PartKey, number>;
  /** Runs that wait for an answer. Empty when `answer` answers. */
  calls: Call[];
  /** Answers each run; undefined leaves it to the test. */
  answer: ((call: Call) => void) | undefined;
  failLoad: ((key: PartKey) => Error | undefined) | undefined;
  /** Called when a load begins; it goes on when the promise resolves. */
  beforeLoad: ((key: PartKey, running?: Running) => Promise<void>) | undefined;
}

export function fakeEngine(): FakeEngine {
  const engine: FakeEngine = {
    log: [],
    loaded: new Map(),
    weighs: new Map(),
    calls: [],
    answer: (call) => call.finish(),
    failLoad: undefined,
    beforeLoad: undefined,
    async load(key: PartKey, _part: string, _source: Source, running?: Running) {
      await engine.beforeLoad?.(key, running);
      if (running?.signal?.aborted) throw new Cancelled();
      engine.log.push(`load ${key}`);
      const error = engine.failLoad?.(key);
      if (error) throw error;
      const bytes = engine.weighs.get(key) ?? gigabyte;
      engine.loaded.set(key, bytes);
      running?.onProgress?.({ label: "loading", done: 1, total: 1 });
      return { bytes };
    },
    run(_family, phase, parts, input, running = {}) {
      engine.log.push(`run ${phase}`);
      return new Promise((resolve, reject) => {
        const { values, buffers } = movable(input);
        const drop = () => engine.calls.splice(engine.calls.indexOf(call), 1);
        const call: Call = {
          phase,
          parts,
          // As with the real one, the main thread has it no more.
          input: structuredClone(values, { transfer: buffers }) as Values,
          running,
          finish(output = {}) {
            drop();
            resolve({ output, input: call.input, peak: 0 });
          },
          fail(error) {
            drop();
            reject(error);
          },
        };
        for (const key of Object.values(parts)) {
          if (!engine.loaded.has(key)) return reject(new Error(`the part ${key} is not loaded`));
        }
        engine.calls.push(call);
        running.signal?.addEventListener("abort", () => call.fail(new Cancelled()));
        if (running.signal?.aborted) call.fail(new Cancelled());
        engine.answer?.(call);
      });
    },
    async evict(key) {
      if (engine.loaded.delete(key)) engine.log.push(`evict ${key}`);
    },
    stats: async () => ({
      active: 0,
      peak: 0,
      cache: 0,
      parts: {},
      device: "fake",
      kind: "cpu" as const,
      architecture: "",
    }),
  };
  return engine;
}

/** What the tests' only operation is asked for. */
export interface FakeParams extends Record<string, unknown> {
  model?: string;
  gb?: number;
  workingGb?: number;
  bits?: Need["bits"];
  transient?: boolean;
  priority?: number;
  phases?: Need["phases"];
  /** The inputs cannot be decoded. */
  bad?: string;
  outputs?: number;
}

export type FakeOperation = Pick<
  Operation<never, FakeParams>,
  "need" | "prepare" | "publish" | "afterPhase" | "preview"
>;

export const oneGigabyte: Need["phases"] = [
  { name: "estimate", parts: [{ name: "model", bytes: gigabyte }], workingBytes: 0, share: 1 },
];

export function fakeOperation(): FakeOperation {
  return {
    need({ model = "base", gb = 1, workingGb = 0, bits = null, transient = false, priority, phases }): Need {
      const part = { name: "model", bytes: gb * gigabyte, ...(priority !== undefined && { priority }) };
      const one = [{ name: "estimate", parts: [part], workingBytes: workingGb * gigabyte, share: 1 }];
      return {
        variant: model,
        bits,
        transient,
        options: {},
        phases: phases ?? one,
        smaller: "a smaller input_size",
      };
    },
    async prepare(params): Promise<Prepared> {
      if (params.bad) throw new Error(params.bad);
      return { input: { pixels: new Uint8Array(4) }, facts: { prepared: true } };
    },
    async publish(params, facts, output): Promise<Published> {
      const artifacts = Array.from({ length: params.outputs ?? 1 }, (_, index) => ({
        bytes: new Uint8Array([1, 2, 3]),
        filename: `fake_${index}.bin`,
        content_type: "application/octet-stream",
        meta: {},
      }));
      return {
        artifacts,
        result: (records) => ({ file_ids: records.map(({ file_id }) => file_id), facts, output }),
      };
    },
  };
}

export interface FakeFiles extends JobFiles {
  staged: Map<string, FileRecord>;
  kept: Map<string, FileRecord>;
}

export function fakeFiles(): FakeFiles {
  const staged = new Map<string, FileRecord>();
  const files: FakeFiles = {
    staged,
    kept: new Map(),
    resolve: async () => {
      throw new Error("no reference in these tests");
    },
    async stage(artifact) {
      const record: FileRecord = {
        file_id: `file_${crypto.randomUUID().replaceAll("-", "")}`,
        filename: artifact.filename,
        content_type: artifact.content_type,
        size: 3,
        sha256: "",
        created_at: 0,
        meta: artifact.meta,
      };
      staged.set(record.file_id, record);
      return record;
    },
    async discard(record) {
      staged.delete(record.file_id);
    },
    async delete(id) {
      return files.kept.delete(id);
    },
  };
  return files;
}

/** Phases that take the memory of their parts in turn. */
export const threePhases: Need["phases"] = [
  {
    name: "encode",
    parts: [{ name: "encoder", bytes: 2 * gigabyte, priority: -1 }],
    workingBytes: 0,
    share: 1,
  },
  { name: "denoise", parts: [{ name: "transformer", bytes: 4 * gigabyte }], workingBytes: 0, share: 8 },
  { name: "decode", parts: [{ name: "vae", bytes: gigabyte }], workingBytes: 0, share: 1 },
];

/** The refusal that a promise rejects with. */
export async function refused(promise: Promise<unknown>): Promise<Refusal> {
  const error = await promise.then(
    () => undefined,
    (error) => error,
  );
  expect(error).toBeInstanceOf(Refusal);
  return error;
}

export type HarnessOptions = Partial<Omit<SchedulerOptions, "clock" | "check">> & {
  settings?: Partial<Settings>;
  operation?: Partial<FakeOperation>;
  missing?: readonly string[];
  notification?: JobStoreOptions["notification"];
  database?: ReturnType<typeof openDatabase>;
};

export function harness(options: HarnessOptions = {}) {
  const clock = fakeClock();
  const engine = fakeEngine();
  const files = fakeFiles();
  const database = options.database ?? openDatabase(":memory:");
  const store = createJobStore(database, {
    keepFile: (record) => void files.kept.set(record.file_id, record),
    now: () => clock.now() / 1000,
    ...(options.notification && { notification: options.notification }),
  });
  const lines: string[] = [];
  const operation = { ...fakeOperation(), ...options.operation };
  const scheduler = createScheduler({
    store,
    files,
    engine,
    clock,
    log: createLog({ level: "debug", format: "text", write: (line) => void lines.push(line) }),
    operationOf: (type) => (type === "fake" ? { family: "fake", operation } : undefined),
    describe: (family, variant) => ({ domain: "image", repo: `${family}/${variant}` }),
    memory: () => ({ total: 100 * gigabyte }),
    ...options,
    check: {
      settings: defaultSettings({ memory_limit_gb: 10, ...options.settings }),
      prompts: noPrompts,
      budget: () => Infinity,
      activation: () =>
        options.missing ? { missing: options.missing } : { source: { paths: ["/weights"] } },
    },
  });
  const submit = async (params: FakeParams = {}) => (await scheduler.submit({ type: "fake", params })).job;
  const state = async (id: string) => (await scheduler.job(id)).status;
  return { clock, engine, files, database, store, scheduler, operation, lines, submit, state };
}
