/**
 * Puts the settings together: flag, environment, settings.yaml, default, in this order.
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { families as ours } from "../capabilities/registry.ts";
import { type Environment, type Places, places, resolvePath } from "./directories.ts";
import { earlyValues, earlyVariables } from "./early-variables.ts";
import { nearest } from "./nearest.ts";
import type { Settings } from "./settings.ts";
import { envName, flagName, tableOf } from "./table.ts";
import type { Rows, Setting, SettingProblem } from "./types.ts";

/** One thing that is wrong, and where it is written: `settings.yaml:3`, `EASEL_PORT` or `--port`. */
export interface Problem {
  where: string;
  message: string;
}

/** The settings are invalid. The message lists every problem, one a line, and never shows a secret. */
export class SettingsError extends Error {
  override name = "SettingsError" as const;

  constructor(readonly problems: readonly Problem[]) {
    super(problems.map(({ where, message }) => `${where}: ${message}`).join("\n"));
  }
}

export interface Loaded {
  settings: Settings;
  /** Where each value comes from: `--port`, `EASEL_PORT`, `settings.yaml:3` or `default`. */
  sources: Readonly<Record<string, string>>;
  /** The file that was read, or that would have been read. */
  file: string | null;
  places: Places;
  warnings: readonly string[];
}

/** Settings of a family. */
export interface SettingsOfFamily {
  settings: Rows;
  settingProblems?(settings: Settings): SettingProblem[];
}

export interface LoadOptions {
  /** The families of the server; those of this program unless given. */
  families?: readonly SettingsOfFamily[];
  /** Values of flags by the name of their setting. */
  flags?: Readonly<Record<string, string | boolean | undefined>>;
  env?: Environment;
  /** The settings file; it must exist then. Without it, EASEL_CONFIG, then the usual place. */
  file?: string;
  platform?: NodeJS.Platform;
  workingDirectory?: string;
  /** The home that the system's account list names. */
  accountHome?: string | null;
}

interface Written {
  value: unknown;
  where: string;
  /** Relative paths start here. */
  base: string;
  /** It stands on the command line. */
  exposed?: true;
}

export function loadSettings(options: LoadOptions = {}): Loaded {
  const families = options.families ?? ours;
  const table = tableOf(families);
  const env = options.env ?? process.env;
  const workingDirectory = options.workingDirectory ?? process.cwd();
  const accountHome = options.accountHome === undefined ? readAccountHome() : options.accountHome;
  const here = places(env, options.platform ?? process.platform, accountHome);
  const home = env.HOME || accountHome;
  const named = options.file ?? (env.EASEL_CONFIG || undefined);
  const file = named
    ? resolvePath(named, workingDirectory, home)
    : here.config && join(here.config, "settings.yaml");

  const problems: Problem[] = [];
  const fromFile = file ? readFile(file, table, named !== undefined, problems) : new Map<string, Written>();
  const settings: Record<string, unknown> = {};
  const sources: Record<string, string> = {};

  for (const [name, setting] of Object.entries(table)) {
    const written =
      fromFlag(name, setting, options.flags ?? {}, workingDirectory) ??
      fromEnvironment(name, setting, env, workingDirectory) ??
      fromFile.get(name);
    sources[name] = written?.where ?? "default";
    const checked = written && setting.kind.schema.safeParse(written.value);
    const exposed = checked?.success && written?.exposed ? setting.exposed?.(checked.data) : undefined;
    if (exposed !== undefined) problems.push({ where: written!.where, message: exposed });
    if (checked?.success) {
      settings[name] = setting.kind.path ? absolutePaths(checked.data, written!.base, home) : checked.data;
      continue;
    }
    if (written) problems.push({ where: written.where, message: misfit(name, setting, written.value) });
    settings[name] = defaultOf(setting, settings, here);
    if (settings[name] === null && !setting.kind.schema.safeParse(null).success) {
      // Only the default places can be missing. The text stands in until the problems are thrown.
      settings[name] = "";
      if (!written) {
        problems.push({
          where: name,
          message: `HOME is not set, so there is no default. Set ${envName(name)} or HOME`,
        });
      }
    }
  }

  const resolved = settings as unknown as Settings;
  for (const { name, message } of families.flatMap((family) => family.settingProblems?.(resolved) ?? [])) {
    problems.push({ where: sources[name] === "default" ? name : sources[name]!, message });
  }
  if (problems.length > 0) throw new SettingsError(problems);
  return {
    settings: Object.freeze(resolved),
    sources,
    file,
    places: here,
    warnings: [...environmentWarnings(env, table), ...fileWarnings(file, fromFile, table)],
  };
}

/** Some settings: the server's own, and any of a family. */
export type SomeSettings = Partial<Settings> & Readonly<Record<string, unknown>>;

/** Defaults with overrides, for tests and for programs without a settings file. Default paths are under `/nonexistent`. */
export function defaultSettings(
  overrides: SomeSettings = {},
  families: readonly SettingsOfFamily[] = ours,
): Settings {
  const nowhere = { config: null, data: "/nonexistent/easel", cache: "/nonexistent/easel-cache" };
  const settings: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(tableOf(families)))
    settings[name] = Object.hasOwn(overrides, name) ? overrides[name] : defaultOf(setting, settings, nowhere);
  return Object.freeze(settings as unknown as Settings);
}

const defaultOf = (
  setting: Setting<unknown>,
  above: Readonly<Record<string, unknown>>,
  here: Places,
): unknown => (typeof setting.default === "function" ? setting.default(above, here) : setting.default);

function readAccountHome(): string | null {
  try {
    return homedir() || null;
  } catch {
    return null;
  }
}

function fromFlag(
  name: string,
  setting: Setting<unknown>,
  flags: NonNullable<LoadOptions["flags"]>,
  base: string,
): Written | undefined {
  const given = flags[name];
  if (given === undefined) return undefined;
  return {
    value: typeof given === "string" ? setting.kind.fromText(given) : given,
    where: flagName(name),
    base,
    exposed: true,
  };
}

function fromEnvironment(
  name: string,
  setting: Setting<unknown>,
  env: Environment,
  base: string,
): Written | undefined {
  for (const variable of [envName(name), setting.kiapi, setting.also]) {
    const given = variable && env[variable]?.trim();
    // An empty variable is how shells and container files spell "not set".
    if (variable && (given || (given === "" && setting.neverEmpty)))
      return { value: setting.kind.fromText(given), where: variable, base };
  }
  return undefined;
}

function readFile(file: string, table: Rows, mustExist: boolean, problems: Problem[]): Map<string, Written> {
  const written = new Map<string, Written>();
  let source: string;
  try {
    source = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" && !mustExist) return written;
    const why =
      error instanceof TypeError
        ? "not UTF-8 text"
        : code === "ENOENT"
          ? "no such file"
          : `cannot be read (${code})`;
    problems.push({ where: file, message: why });
    return written;
  }
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => `${file}:${lines.linePos(offset).line}`;
  for (const error of document.errors) problems.push({ where: at(error.pos[0]), message: error.message });
  if (document.errors.length > 0 || document.contents === null) return written;
  if (!isMap(document.contents)) {
    if (isScalar(document.contents) && document.contents.value === null) return written;
    problems.push({ where: `${file}:1`, message: "must hold `name: value` lines" });
    return written;
  }
  for (const { key, value } of document.contents.items) {
    const where = at(isScalar(key) ? (key.range?.[0] ?? 0) : 0);
    const name = isScalar(key) ? String(key.value) : "";
    if (!Object.hasOwn(table, name)) {
      problems.push({ where, message: unknownName(name, Object.keys(table)) });
      continue;
    }
    try {
      const plain = (value as { toJS?: (document: unknown) => unknown } | null)?.toJS?.(document) ?? null;
      written.set(name, { value: plain, where, base: dirname(resolve(file)) });
    } catch {
      problems.push({ where, message: `${name} holds too many aliases` });
    }
  }
  return written;
}

/** Names an unknown setting, and the one that may be meant. */
function unknownName(name: string, names: readonly string[]): string {
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  const meant = nearest(name.replace(/^kiapi[._]/i, ""), names);
  return `unknown setting ${JSON.stringify(shown)}${meant ? `. Did you mean ${JSON.stringify(meant)}?` : ""}`;
}

/** A name before an @, or two words with a colon in the place of a bucket. */
const mayHoldLogin = /@|s3:\/*[^/]*:/i;

function misfit(name: string, setting: Setting<unknown>, value: unknown): string {
  const shown = JSON.stringify(value) ?? String(value);
  const { withoutLogin } = setting.kind;
  const got = setting.secret
    ? ""
    : withoutLogin !== undefined && mayHoldLogin.test(shown)
      ? `, ${withoutLogin}`
      : `, not ${shown.length > 80 ? `${shown.slice(0, 80)}…` : shown}`;
  const quotes =
    ["number", "boolean"].includes(typeof value) && setting.kind.schema.safeParse(String(value)).success
      ? ". Put quotes around it"
      : "";
  return `${name} must be ${setting.kind.expects}${got}${quotes}`;
}

function absolutePaths(value: unknown, base: string, home: string | null): unknown {
  if (typeof value === "string") return resolvePath(value, base, home);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, path]) => [key, resolvePath(String(path), base, home)]),
  );
}

/**
 * Names the variables `EASEL_…` that nothing reads, and the ones that may be meant; and values that nothing understands. The project's
 * tests have `EASEL_TEST_…`.
 */
function environmentWarnings(env: Environment, table: Rows): string[] {
  const ours = [...Object.keys(table).map(envName), ...Object.keys(earlyVariables)];
  const odd = Object.entries(earlyValues)
    .filter(([variable, { fits }]) => env[variable] && !fits.test(env[variable]))
    .map(([variable, { words }]) => `${variable} must be ${words}: its value is not used`);
  const unknown = Object.keys(env)
    .filter((variable) => /^EASEL_(?!TEST_)/.test(variable) && !ours.includes(variable))
    .map((variable) => {
      const shown = variable.length > 64 ? `${variable.slice(0, 64)}…` : variable;
      const meant = nearest(
        variable.slice(6),
        ours.map((name) => name.slice(6).toLowerCase()),
      );
      return `Unknown variable ${shown}${meant ? `. Did you mean EASEL_${meant.toUpperCase()}?` : ""}`;
    });
  return [...odd, ...unknown];
}

function fileWarnings(file: string | null, written: ReadonlyMap<string, Written>, table: Rows): string[] {
  const holdsSecret = [...written].some(([name, { value }]) => table[name]?.secret && value !== null);
  if (!file || !holdsSecret || process.platform === "win32" || (statSync(file).mode & 0o077) === 0) return [];
  return [
    `${file} holds a secret and others on this machine can read it. Run: chmod 600 ${JSON.stringify(file)}`,
  ];
}
