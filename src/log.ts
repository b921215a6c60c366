/**
 * Log entries as text or JSON. An entry is always one line and never holds a secret.
 *
 * @module
 */

const levels = ["debug", "info", "warning", "error"] as const;
export type Level = (typeof levels)[number];
export type Fields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(event: string, fields?: Fields): void;
  info(event: string, fields?: Fields): void;
  warning(event: string, fields?: Fields): void;
  error(event: string, fields?: Fields): void;
}

export interface LogOptions {
  level: Level;
  format: "text" | "json";
  /** Values that must never be printed, such as the token. Those of fewer than 4 characters are not hidden. */
  secrets?: readonly (string | null)[];
  write?: (line: string) => void;
  now?: () => Date;
}

const longest = 2000;
/** A shorter secret keeps nothing secret: to hide it would blank out its letters in every word. */
const shortestSecret = 4;

/** Characters that could end a line, move the cursor or turn the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
/** Text that stays on its line of a terminal and does nothing there. */
export const escaped = (text: string): string =>
  text.replace(control, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

function plain(value: unknown): unknown {
  if (value instanceof Error) return `${value.name}: ${messageOf(value)}`;
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  const text = typeof value === "string" ? value : undefined;
  return text !== undefined && text.length > longest ? `${text.slice(0, longest)}…` : value;
}

/** An error's message, and why it happened where that says more. */
function messageOf({ message, cause }: Error, depth = 3): string {
  const why = cause instanceof Error && depth > 0 ? messageOf(cause, depth - 1) : "";
  const text = why === "" || message.includes(why) ? message : `${message} (${why})`;
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/**
 * @example
 * const log = createLog({ level: "info", format: "text", secrets: [settings.auth_token] });
 * log.info("job finished", { job_id: job.id, seconds: 3.2 });
 */
export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line) => void process.stderr.write(line));
  const now = options.now ?? (() => new Date());
  const secrets = (options.secrets ?? []).filter(
    (secret): secret is string => (secret ?? "").length >= shortestSecret,
  );
  const hidden = (line: string) => secrets.reduce((text, secret) => text.replaceAll(secret, "***"), line);

  const at = (level: Level) => {
    if (levels.indexOf(level) < levels.indexOf(options.level)) return () => {};
    return (event: string, fields: Fields = {}) => {
      const entries = Object.entries(fields)
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [key, plain(value)] as const);
      const line =
        options.format === "json"
          ? JSON.stringify({ time: now().toISOString(), level, event, ...Object.fromEntries(entries) })
          : [
              now().toISOString(),
              level.toUpperCase().padEnd(7),
              event,
              ...entries.map(([key, value]) => `${key}=${quoted(value)}`),
            ].join(" ");
      write(`${escaped(hidden(line))}\n`);
    };
  };
  return { debug: at("debug"), info: at("info"), warning: at("warning"), error: at("error") };
}

function quoted(value: unknown): string {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return /[\s="]/.test(text) && typeof value === "string" ? JSON.stringify(text) : text;
}

export interface Outage {
  failed(error: unknown): void;
  worked(): void;
}

/**
 * Tells of something that fails for a while: once when that begins, and once when it is over, with the seconds that it took. Failures in
 * between are of level debug.
 *
 * @param now Milliseconds.
 */
export function tellOutages(
  log: Log,
  words: { begins: string; ends: string; level?: "warning" | "error" },
  now: () => number = () => performance.now(),
): Outage {
  let since: number | undefined;
  return {
    failed(error) {
      log[since === undefined ? (words.level ?? "error") : "debug"](words.begins, { error });
      since ??= now();
    },
    worked() {
      if (since !== undefined) log.info(words.ends, { seconds: Math.round((now() - since) / 100) / 10 });
      since = undefined;
    },
  };
}

/** Says nothing: for tests and for commands that print their own words. */
export const silent: Log = { debug() {}, info() {}, warning() {}, error() {} };
