/**
 * Notices between the nodes of a fleet, by LISTEN and NOTIFY. Each notification wakes every node, and one inside a transaction makes
 * commits wait for one another: so they are few, they go behind the commit, and nothing depends on one. Who misses one asks a moment
 * later; the last event of a job is its row.
 *
 * @module
 */
import type { Connection } from "../../fleet/connect.ts";
import type { Log } from "../../log.ts";
import type { Job } from "../job.ts";
import type { JobEvent } from "../scheduler.ts";
import { Follower } from "./follower.ts";
import { type Following, isTerminal, Listeners, type Notices, type Signals, type Told } from "./notices.ts";
import { addEvent, channelOf, eventOf, lookAt, removeOldEvents } from "./postgres-events.ts";

export interface PostgresNoticesOptions {
  connection: Connection;
  /** The id of this node. */
  node: string;
  log: Log;
}

/** A job that runs here. */
interface Run {
  isWatched: boolean;
  last: Told;
  /** What came too soon after the one before, by its event, and when it is to be told. */
  waiting: Map<Told["event"], { told: Told; timer: NodeJS.Timeout }>;
  toldAt: Map<Told["event"], number>;
}

const channels = { work: "easel_work", ended: "easel_ended", watch: "easel_watch" };
/** Milliseconds between two events of one kind. */
const shortest = { status: 500, preview: 1000 } as const;
/** Milliseconds between looks at the jobs that are followed here. */
const lookEvery = 2000;

/** Begins to listen. */
export async function createPostgresNotices(options: PostgresNoticesOptions): Promise<Notices> {
  const notices = new PostgresNotices(options);
  await notices.begin();
  return notices;
}

class PostgresNotices implements Notices {
  readonly #connection: Connection;
  readonly #node: string;
  readonly #log: Log;
  readonly #listeners = new Listeners();
  readonly #runs = new Map<string, Run>();
  readonly #followers = new Map<string, Set<Follower>>();
  readonly #ends: (() => Promise<void>)[] = [];
  #look: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor({ connection, node, log }: PostgresNoticesOptions) {
    this.#connection = connection;
    this.#node = node;
    this.#log = log;
  }

  async begin(): Promise<void> {
    const { work, ended, watch } = channels;
    const missed = () => {
      this.#listeners.call("work", { variant: null });
      for (const follower of this.#allFollowers()) follower.refresh();
    };
    const hear = (channel: string, heard: (payload: string) => void) =>
      this.#connection.listen(channel, heard, missed);
    const listening = [
      hear(work, (variant) => this.#listeners.call("work", { variant: variant === "*" ? null : variant })),
      hear(ended, (payload) => this.#heardEnd(payload)),
      hear(watch, (job) => this.#beginWatching(job)),
    ];
    this.#ends.push(...(await Promise.all(listening)));
  }

  tell(job: string, told: Told): void {
    if (isTerminal(told)) this.#tellEnd(job, told);
    else if (told.data.status === "running" || told.event === "preview") this.#tellRunning(job, told);
    else this.#forgetRun(job);
  }

  async follow(job: Job, following: Following): Promise<AsyncIterable<JobEvent>> {
    const follower = new Follower(this.#connection, job, following);
    return this.#followed(job.id, follower);
  }

  isWatched(job: string): boolean {
    return this.#runs.get(job)?.isWatched ?? false;
  }

  /** Places in the queue are looked up here, for all nodes' changes. */
  followed(): string[] {
    return [];
  }

  watch(jobs: readonly string[]): void {
    for (const [id, run] of this.#runs) run.isWatched = jobs.includes(id);
  }

  send<Name extends keyof Signals>(name: Name, value: Signals[Name]): void {
    if (name === "work") this.#notify(channels.work, (value as Signals["work"]).variant ?? "*");
  }

  on<Name extends keyof Signals>(name: Name, listener: (value: Signals[Name]) => void): () => void {
    return this.#listeners.on(name, listener);
  }

  trim(): Promise<void> {
    return this.#connection.lazy.run(removeOldEvents);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#look);
    for (const follower of this.#allFollowers()) follower.close();
    for (const run of this.#runs.values()) dropWaiting(run);
    for (const end of this.#ends) void end().catch(() => {});
  }

  *#allFollowers(): Generator<Follower> {
    for (const followers of this.#followers.values()) yield* followers;
  }

  /** The end is committed: followers read it from the job's row. */
  #tellEnd(job: string, { event, data }: Told): void {
    this.#forgetRun(job);
    for (const follower of this.#followers.get(job) ?? []) follower.refresh();
    const hasMessage = (data as { webhook_delivery?: unknown }).webhook_delivery ? "message" : "";
    this.#notify(channels.ended, `${job} ${event} ${this.#node} ${hasMessage}`);
  }

  /** It has ended, or waits again. */
  #forgetRun(job: string): void {
    const run = this.#runs.get(job);
    if (run) dropWaiting(run);
    this.#runs.delete(job);
  }

  #heardEnd(payload: string): void {
    const [id = "", , node, message] = payload.split(" ");
    if (node === this.#node) return;
    this.#forgetRun(id);
    for (const follower of this.#followers.get(id) ?? []) follower.refresh();
    this.#listeners.call("ended", { id, hasMessage: message === "message" });
  }

  /** Without a follower, a worker stores nothing but asks once, at the job's start, whether there is one. */
  #tellRunning(job: string, told: Told): void {
    const known = this.#runs.get(job);
    const run: Run = known ?? { isWatched: false, last: told, waiting: new Map(), toldAt: new Map() };
    if (told.event === "status") run.last = told;
    this.#runs.set(job, run);
    if (!known)
      void this.#add(job, told, true).then((isWatched) => {
        run.isWatched ||= isWatched;
      });
    else if (run.isWatched) this.#addSoon(job, run, told);
  }

  #addSoon(job: string, run: Run, told: Told): void {
    const { event } = told;
    const waiting = run.waiting.get(event);
    if (waiting) {
      waiting.told = told;
      return;
    }
    const wait = (run.toldAt.get(event) ?? 0) + shortest[event as keyof typeof shortest] - performance.now();
    const add = (latest: Told) => {
      run.waiting.delete(event);
      run.toldAt.set(event, performance.now());
      void this.#add(job, latest, false);
    };
    if (wait <= 0) {
      add(told);
      return;
    }
    const next = { told, timer: setTimeout(() => add(next.told), wait) };
    run.waiting.set(event, next);
  }

  /** Stores an event and tells it. Gives whether it was stored: with `ifWatched`, only for a job that is followed. */
  async #add(job: string, told: Told, ifWatched: boolean): Promise<boolean> {
    try {
      return await this.#connection.lazy.run((sql) => addEvent(sql, job, told, ifWatched));
    } catch (error) {
      this.#log.debug("an event of a job was not told", { job_id: job, error });
      return false;
    }
  }

  /** Somebody began to follow a job. */
  #beginWatching(job: string): void {
    const run = this.#runs.get(job);
    if (!run || run.isWatched) return;
    run.isWatched = true;
    this.#addSoon(job, run, run.last);
  }

  async *#followed(id: string, follower: Follower): AsyncGenerator<JobEvent, void> {
    if (this.#isClosed) return;
    const followers = this.#followers.get(id) ?? new Set();
    this.#followers.set(id, followers.add(follower));
    const heard = (payload: string) => follower.heard(eventOf(payload));
    let unlisten: (() => Promise<void>) | undefined;
    try {
      unlisten = await this.#connection.listen(channelOf(id), heard, () => follower.refresh());
      await this.#lookNow();
      this.#notify(channels.watch, id);
      yield* follower.events();
    } finally {
      followers.delete(follower);
      if (followers.size === 0 && this.#followers.get(id) === followers) this.#followers.delete(id);
      void unlisten?.().catch(() => {});
    }
  }

  /** Says which jobs are followed here, and looks whether they moved. It goes on as long as there are some. */
  async #lookNow(): Promise<void> {
    clearTimeout(this.#look);
    this.#look = undefined;
    const ids = [...this.#followers.keys()];
    if (ids.length === 0 || this.#isClosed) return;
    try {
      const seen = await this.#connection.lazy.run((sql) => lookAt(sql, this.#node, ids));
      for (const [id, followers] of this.#followers)
        if (ids.includes(id)) for (const follower of followers) follower.isAt(seen.get(id) ?? "gone");
    } catch (error) {
      this.#log.debug("the jobs that are followed cannot be looked at", { error });
    }
    if (this.#look || this.#isClosed) return;
    this.#look = setTimeout(() => void this.#lookNow(), lookEvery);
  }

  #notify(channel: string, payload: string): void {
    this.#connection.lazy
      .run((sql) => sql`SELECT pg_notify(${channel}, ${payload})`)
      .catch((error) => this.#log.debug("a notification was not sent", { channel, error }));
  }
}

function dropWaiting(run: Run): void {
  for (const { timer } of run.waiting.values()) clearTimeout(timer);
  run.waiting.clear();
}
