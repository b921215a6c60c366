/**
 * Where a fleet's database is, and how its wire is secured. The URL alone never decides that: without `sslmode` a client would
 * talk in plain text.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { serverUrls } from "../settings/fleet-url.ts";
import { isLoopbackHost } from "../settings/rules.ts";
import type { Settings } from "../settings/settings.ts";
import { SetupError } from "./errors.ts";

export type FleetSettings = Pick<
  Settings,
  "fleet_url" | "fleet_password_file" | "fleet_ca_file" | "allow_insecure_fleet"
>;

export interface Host {
  hostname: string;
  port: number;
  /** Undefined: plain text. */
  tls: { ca?: string; rejectUnauthorized: boolean; serverName: string } | undefined;
}

export interface Address {
  /** One, or a server and its standbys. */
  hosts: readonly [Host, ...Host[]];
  username: string;
  password: string;
  database: string;
}

/** Modes that encrypt without knowing the server, or do not encrypt at all. */
const weakModes = ["disable", "allow", "prefer", "require", "verify-ca"];

/** @throws {SetupError} */
export function addressOf(
  settings: FleetSettings,
  env: Readonly<Record<string, string | undefined>> = process.env,
): Address {
  const urls = parse(settings.fleet_url);
  const [url] = urls;
  return {
    hosts: urls.map((each) => hostOf(each, settings)) as [Host, ...Host[]],
    username: decode(url.username),
    password: passwordOf(url, settings, env),
    database: decode(url.pathname.slice(1)),
  };
}

function hostOf(url: URL, settings: FleetSettings): Host {
  const hostname = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { hostname, port: Number(url.port || 5432), tls: wireOf(url, hostname, settings) };
}

function parse(text: string | null): [URL, ...URL[]] {
  if (text === null) throw new SetupError("fleet_url is not set: set EASEL_FLEET_URL, or give --fleet URL");
  const [url, ...more] = serverUrls(text);
  const example = "postgres://easel_node@db.example/easel";
  if (!url) throw new SetupError(`fleet_url is no URL of a PostgreSQL database, such as ${example}`);
  if (url.username === "" || url.pathname.length < 2)
    throw new SetupError(`fleet_url names no user or no database; it should look like ${example}`);
  for (const name of url.searchParams.keys())
    if (name !== "sslmode")
      throw new SetupError(
        `fleet_url has the parameter ${name}, which easel does not use: only sslmode may stand there, and fleet_ca_file names a CA`,
      );
  return [url, ...more];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new SetupError("fleet_url has a % that begins no character: write %25 for it");
  }
}

function passwordOf(
  url: URL,
  { fleet_password_file: file }: FleetSettings,
  env: Readonly<Record<string, string | undefined>>,
): string {
  if (url.password !== "") return decode(url.password);
  if (file === null) return env.PGPASSWORD ?? "";
  return readText(file, "fleet_password_file").replace(/\r?\n$/, "");
}

function wireOf(url: URL, hostname: string, settings: FleetSettings): Host["tls"] {
  const mode = url.searchParams.get("sslmode");
  if (mode !== null && mode !== "verify-full" && !weakModes.includes(mode))
    throw new SetupError(`fleet_url has an unknown sslmode: leave it out, or write sslmode=verify-full`);
  const verified = { rejectUnauthorized: true, serverName: hostname };
  const ca = settings.fleet_ca_file === null ? {} : { ca: readText(settings.fleet_ca_file, "fleet_ca_file") };
  if (settings.allow_insecure_fleet) {
    if (mode === "verify-full") return { ...verified, ...ca };
    const encrypted = mode === "require" || mode === "verify-ca";
    return encrypted ? { rejectUnauthorized: false, serverName: hostname } : undefined;
  }
  if (mode !== null && weakModes.includes(mode))
    throw new SetupError(
      `fleet_url has sslmode=${mode}, which does not check the server: leave sslmode out, and name the server's CA in fleet_ca_file ` +
        "unless the system knows it",
    );
  return mode === null && isLoopbackHost(hostname) ? undefined : { ...verified, ...ca };
}

function readText(path: string, setting: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new SetupError(`${setting} ${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
