/**
 * Connections to a fleet's database. Every call has a deadline: into a silent network, a query of `Bun.SQL` never settles.
 *
 * @module
 */
import { SQL, type TransactionSQL } from "bun";
import type { Address, Host } from "./address.ts";
import { isConflict, isElsewhere, isReadOnly, refusalOf, unavailable } from "./errors.ts";
import { Primary } from "./primary.ts";

/** Statements over a few connections. */
export interface Client {
  /**
   * Runs one or a few statements.
   *
   * @throws {Refusal} `store_unavailable` when the server is away or does not answer in time, `disk_full` when its disk is full.
   */
  run<T>(work: (sql: SQL) => PromiseLike<T>): Promise<T>;
  /** Runs a transaction, again when the server undid it for another one. Throws as `run` does. */
  begin<T>(work: (sql: TransactionSQL) => Promise<T>): Promise<T>;
}

export interface Connection extends AsyncDisposable {
  /** Its commits are on the disk when they return. */
  durable: Client;
  /** Its commits may be lost by a crash of the server: for leases, events and notifications. */
  lazy: Client;
  /**
   * Hears notifications of a channel. `missed` runs whenever listening begins, at first and after each break: what was told
   * meanwhile was not heard.
   *
   * @returns What ends the listening.
   */
  listen(
    channel: string,
    heard: (payload: string) => void,
    missed?: () => void,
  ): Promise<() => Promise<void>>;
}

export interface ConnectOptions {
  /** Milliseconds until a call that gets no answer is given up. */
  deadline?: number;
  /** Further parameters of each session. */
  session?: Readonly<Record<string, string>>;
}

/** Limits, because a node that vanishes inside a transaction would keep its rows locked for hours. */
const session = {
  application_name: "easel",
  idle_in_transaction_session_timeout: "5s",
  lock_timeout: "3s",
  statement_timeout: "20s",
  tcp_keepalives_idle: "10",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
  tcp_user_timeout: "15000",
  // to compile a statement of a millisecond takes a hundred times as long
  jit: "off",
  // planning a claim anew each time costs twice what the claim does
  plan_cache_mode: "force_generic_plan",
};

const connectSeconds = 8;
const mostConflicts = 5;

/** Gives the connections to a database. Nothing is opened before the first call. */
export function connect(address: Address, options: ConnectOptions = {}): Connection {
  const { deadline = 10_000 } = options;
  const { hosts, ...login } = address;
  const clientOf = (
    { hostname, port, tls }: Host,
    max: number,
    more: Readonly<Record<string, string>> = {},
    onclose?: () => void,
  ) =>
    new SQL({
      adapter: "postgres",
      ...login,
      hostname,
      port,
      // undefined would let the environment decide
      tls: tls ?? false,
      max,
      connectionTimeout: connectSeconds,
      connection: { ...session, ...options.session, ...more },
      ...(onclose && { onclose }),
    });
  const primary = new Primary(hosts, (host) => clientOf(host, 1));
  const open = async (max: number, more?: Readonly<Record<string, string>>, onclose?: () => void) => {
    const host = await primary.find();
    return {
      sql: clientOf(host, max, more, onclose),
      // one server comes back under its name, and a client finds it again by itself
      isMoved: hosts.length > 1 ? isElsewhere : isReadOnly,
      lost: () => primary.lost(host),
    };
  };
  const durable = new Pool(() => open(2), 2, deadline);
  const lazy = new Pool(() => open(1, { synchronous_commit: "off" }), 1, deadline);
  const listener = new Listener((onclose) => open(1, {}, onclose), deadline);
  // a network that went silent for one is silent for the listener, which would wait for ever
  const renew = () => listener.renew();
  durable.onSilence = renew;
  lazy.onSilence = renew;
  return {
    durable,
    lazy,
    listen: (...registration) => listener.listen(...registration),
    async [Symbol.asyncDispose]() {
      await Promise.all([durable.close(), lazy.close(), listener.close()]);
    },
  };
}

const late = Symbol("no answer in time");

/** The result, or `late` after the given milliseconds. The promise may still settle; its outcome is ignored then. */
async function within<T>(milliseconds: number, promise: PromiseLike<T>): Promise<T | typeof late> {
  const { promise: over, resolve } = Promise.withResolvers<typeof late>();
  const timer = setTimeout(resolve, milliseconds, late);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}

/** A client of the server that takes writes. */
interface Opened {
  sql: SQL;
  /** Whether an error means that another server may take writes by now. */
  isMoved(error: unknown): boolean;
  /** Asks all servers again for the next client. */
  lost(): void;
}

/** Closes a client, if there is one. Calls that wait for it are rejected. */
async function closed(opened: Promise<Opened> | undefined): Promise<void> {
  const client = await opened?.catch(() => undefined);
  await client?.sql.close({ timeout: 0 }).catch(() => {});
}

/** A client of a few connections, whose deadline counts from the moment that one is free. */
class Pool implements Client {
  onSilence = () => {};
  #opened: Promise<Opened> | undefined;
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(
    readonly open: () => Promise<Opened>,
    size: number,
    readonly deadline: number,
  ) {
    this.#free = size;
  }

  async run<T>(work: (sql: SQL) => PromiseLike<T>): Promise<T> {
    await this.#turn();
    try {
      this.#opened ??= this.open();
      const opening = this.#opened;
      const opened = await opening.catch((error) => {
        if (this.#opened === opening) this.#opened = undefined;
        throw error;
      });
      const result = await within(this.deadline, work(opened.sql)).catch((error) => {
        if (opened.isMoved(error)) this.#replace(opening, opened);
        throw error;
      });
      if (result !== late) return result as T;
      this.#replace(opening, opened);
      throw unavailable(new Error("the database did not answer in time"));
    } catch (error) {
      throw refusalOf(error);
    } finally {
      this.#pass();
    }
  }

  async begin<T>(work: (sql: TransactionSQL) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      // a conflict is looked at here, before `run` makes a refusal of it
      const outcome = await this.run((sql) =>
        sql.begin(work).then(
          (value) => ({ value }),
          (error: unknown) => {
            if (!isConflict(error) || attempt >= mostConflicts) throw error;
            return undefined;
          },
        ),
      );
      if (outcome) return outcome.value;
    }
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await closed(opened);
  }

  /** Drops a client that does not answer, which rejects what still waits for it. The next call opens another. */
  #replace(opening: Promise<Opened>, { lost }: Opened): void {
    if (this.#opened !== opening) return;
    this.#opened = undefined;
    lost();
    void closed(opening);
    this.onSilence();
  }

  async #turn(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    if ((await within(this.deadline, promise)) !== late) return;
    const place = this.#waiting.indexOf(resolve);
    // its turn came in the same moment
    if (place < 0) return;
    this.#waiting.splice(place, 1);
    throw unavailable(new Error("no connection to the database became free in time"));
  }

  #pass(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free++;
  }
}

interface Registration {
  channel: string;
  heard(payload: string): void;
  missed(): void;
}

/** Milliseconds between two attempts to listen again. */
const listenEvery = 1000;

/**
 * The connection that hears notifications. After a break or a silence it is made anew: Bun's own attempts come up to 32 s apart, and each
 * writes a line to standard error.
 */
class Listener {
  /** Without a subscription: those that a break has ended. */
  readonly #registrations = new Map<Registration, SQL.ListenSubscription | undefined>();
  #opened: Promise<Opened> | undefined;
  #isRestoring = false;

  constructor(
    readonly open: (onclose: () => void) => Promise<Opened>,
    readonly deadline: number,
  ) {}

  async listen(
    channel: string,
    heard: Registration["heard"],
    missed = () => {},
  ): Promise<() => Promise<void>> {
    const registration = { channel, heard, missed };
    try {
      this.#registrations.set(registration, await this.#begin(registration));
    } catch (error) {
      throw refusalOf(error);
    }
    return async () => {
      const subscription = this.#registrations.get(registration);
      this.#registrations.delete(registration);
      if (subscription)
        await within(
          this.deadline,
          subscription.unlisten().catch(() => {}),
        );
    };
  }

  /** Makes the connection anew, with all that is registered. */
  renew(): void {
    if (this.#opened) this.#drop(this.#opened);
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#registrations.clear();
    await closed(opened);
  }

  #client(): Promise<Opened> {
    if (this.#opened) return this.#opened;
    const opened: Promise<Opened> = this.open(() => this.#drop(opened));
    this.#opened = opened;
    return opened;
  }

  /** Gives up a connection, which ends the attempts of its own to come back. */
  #drop(opened: Promise<Opened>): void {
    if (this.#opened !== opened) return;
    this.#opened = undefined;
    for (const registration of this.#registrations.keys()) this.#registrations.set(registration, undefined);
    void opened.then(({ lost }) => lost()).catch(() => {});
    void closed(opened);
    void this.#restore();
  }

  async #begin({ channel, heard, missed }: Registration): Promise<SQL.ListenSubscription> {
    const opened = this.#client();
    try {
      const { sql } = await opened;
      const subscription = await within(this.deadline, sql.listen(channel, heard, missed));
      if (subscription !== late && this.#opened === opened) return subscription;
    } catch (error) {
      this.#drop(opened);
      throw error;
    }
    this.#drop(opened);
    throw unavailable(new Error("the database did not answer in time"));
  }

  async #restore(): Promise<void> {
    if (this.#isRestoring) return;
    this.#isRestoring = true;
    for (;;) {
      const lost = [...this.#registrations].find(([, subscription]) => subscription === undefined)?.[0];
      if (!lost) break;
      try {
        const subscription = await this.#begin(lost);
        if (this.#registrations.has(lost)) this.#registrations.set(lost, subscription);
        else
          await within(
            this.deadline,
            subscription.unlisten().catch(() => {}),
          );
      } catch {
        await Bun.sleep(listenEvery);
      }
    }
    this.#isRestoring = false;
  }
}
