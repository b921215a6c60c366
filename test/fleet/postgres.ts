/**
 * A real PostgreSQL for tests, started on loopback as an unprivileged user.
 *
 * @module
 */
import { chmodSync, copyFileSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Glob, SQL } from "bun";
import { type Daemon, freePorts, giveToServers, serverFolder, startDaemon, unprivileged } from "./daemon.ts";

/** The folder of PostgreSQL's programs, or null: PG_BIN, Debian's newest, or the one that pg_config names. */
export function postgresPrograms(): string | null {
  const named = process.env.PG_BIN;
  if (named) return named;
  const debian = [
    ...new Glob("/usr/lib/postgresql/*/bin/initdb").scanSync({ cwd: "/", absolute: true }),
  ].sort();
  if (debian.length > 0) return join(debian.at(-1)!, "..");
  if (Bun.which("pg_config") === null) return null;
  const folder = Bun.spawnSync(["pg_config", "--bindir"]).stdout.toString().trim();
  return existsSync(join(folder, "initdb")) ? folder : null;
}

export interface PostgresOptions {
  /** Commits reach the disk, as crash tests need. */
  fsync?: boolean;
  /** Further settings of the server. */
  settings?: Readonly<Record<string, string>>;
  /** Files of a certificate: the server then takes TLS connections. */
  tls?: { certificate: string; key: string };
  /** Lines of pg_hba.conf. Default: every local connection, without a password. */
  access?: readonly string[];
  /** Follows that server, as its standby. */
  standbyOf?: Postgres;
}

export interface Postgres {
  port: number;
  folder: string;
  /** The process now. */
  daemon(): Daemon;
  /** The URL of a database, as the superuser `easel` unless another role is named. */
  url(database: string, user?: string): string;
  /** A new empty database, which `easel` owns, and its URL. */
  database(): Promise<{ name: string; url: string }>;
  /** Ends the server, by default as a crash does. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  /** Makes a primary of a standby. */
  promote(): Promise<void>;
  /** Runs a statement as the superuser. */
  command(text: string): Promise<Record<string, unknown>[]>;
}

/** Starts a server with an empty cluster, or with a copy of another server's. */
export async function startPostgres(programs: string, options: PostgresOptions = {}): Promise<Postgres> {
  const folder = serverFolder("postgres");
  const data = join(folder, "data");
  await (options.standbyOf ? copy(programs, data, options.standbyOf) : initialize(programs, data));
  if (options.access) writeFileSync(join(data, "pg_hba.conf"), `${options.access.join("\n")}\n`);
  const port = freePorts(1);
  const settings = { ...defaults(port, options), ...options.settings };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  if (options.tls) takeCertificate(folder, options.tls);
  const start = () =>
    startDaemon([join(programs, "postgres"), "-D", data, ...flags], folder, () => answers(programs, port));
  let daemon = await start();
  const url = (database: string, user = "easel") => `postgres://${user}@127.0.0.1:${port}/${database}`;
  const command = async (text: string) => {
    await using admin = new SQL({ url: url("postgres"), max: 1 });
    return [...(await admin.unsafe(text))];
  };
  return {
    port,
    folder,
    daemon: () => daemon,
    url,
    async database() {
      const name = `test_${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
      await command(`CREATE DATABASE ${name}`);
      return { name, url: url(name) };
    },
    command,
    promote: async () => void (await command("SELECT pg_promote()")),
    // an immediate shutdown: the server recovers at its next start, as after a crash
    stop: (signal = "SIGQUIT") => daemon.kill(signal),
    async start() {
      daemon = await start();
    },
  };
}

const initialize = (programs: string, data: string) =>
  run(programs, data, [
    "initdb",
    "-D",
    data,
    ...["-U", "easel", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"],
  ]);

const copy = (programs: string, data: string, { port }: Postgres) =>
  run(programs, data, [
    "pg_basebackup",
    "-D",
    data,
    ...[
      "-h",
      "127.0.0.1",
      "-p",
      String(port),
      "-U",
      "easel",
      "-R",
      "-X",
      "stream",
      "-c",
      "fast",
      "--no-sync",
    ],
  ]);

async function run(programs: string, data: string, [program, ...args]: string[]): Promise<void> {
  const child = Bun.spawn(unprivileged([join(programs, program!), ...args]), {
    cwd: join(data, ".."),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const errors = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${program} failed: ${errors}`);
}

const defaults = (port: number, { fsync = false, tls }: PostgresOptions) => ({
  listen_addresses: "127.0.0.1",
  port: String(port),
  unix_socket_directories: "",
  max_connections: "200",
  fsync: fsync ? "on" : "off",
  ...(tls && { ssl: "on", ssl_cert_file: "../server.crt", ssl_key_file: "../server.key" }),
});

/** The server takes a key only that it owns and nobody else reads. */
function takeCertificate(folder: string, { certificate, key }: { certificate: string; key: string }): void {
  copyFileSync(certificate, join(folder, "server.crt"));
  copyFileSync(key, join(folder, "server.key"));
  chmodSync(join(folder, "server.key"), 0o600);
  giveToServers(join(folder, "server.key"));
}

async function answers(programs: string, port: number): Promise<boolean> {
  const child = Bun.spawn([join(programs, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", String(port)]);
  return (await child.exited) === 0;
}
