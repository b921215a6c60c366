/**
 * Types of settings: how a value is checked, described to a user, and read from the text of an environment variable or a flag.
 *
 * @module
 */
import { z } from "zod";
import type { Bits } from "../engine/task.ts";
import type { Places } from "./directories.ts";
import type { Settings } from "./settings.ts";

export interface Kind<T> {
  schema: z.ZodType<T>;
  /** Ends the sentence "must be …". */
  expects: string;
  /** What text stands for. Text that fits nothing comes back as it is, so that `schema` refuses it. */
  fromText(text: string): unknown;
  /** What `--help` and the template show in the place of the value. */
  placeholder: string;
  /** Values are paths: `~` and relative ones are resolved against the place where they are written. */
  path?: true;
  /** What an error says in the place of a value that may hold a password. */
  withoutLogin?: string;
}

/** One setting: a row of the table. */
export interface Setting<T> {
  kind: Kind<T>;
  /**
   * The value when none is written, or a function that takes it from the settings above this one in the table, or from the folders of
   * this machine.
   */
  default: T | ((above: Readonly<Record<string, unknown>>, places: Places) => T | null);
  /** Describes a computed default. */
  defaultText?: string;
  help: string;
  /** Heading in the documentation: a family's name for its own. */
  group: string;
  /** Never printed. */
  secret?: true;
  /** An empty variable is an error, where "not set" would take another value without a word. */
  neverEmpty?: true;
  /** The name that kiapi reads the same setting from. */
  kiapi?: string;
  /** A variable of other programs that the setting is read from, too. */
  also?: string;
  /** A second, shorter name on the command line. */
  alias?: string;
  /** Why a value must not stand on the command line, which other users of the machine can read; undefined when it may. */
  exposed?(value: T): string | undefined;
}

/** A row, with the type of its value taken from its kind. */
export const setting = <T>(row: Omit<Setting<NoInfer<T>>, "kind"> & { kind: Kind<T> }): Setting<T> => row;

export type Rows = Readonly<Record<string, Setting<unknown>>>;

/** The values that rows describe. */
export type ValuesOf<R extends Rows> = {
  readonly [Name in keyof R]: R[Name] extends Setting<infer T> ? T : never;
};

/** Gives the function that reads a family's settings: the loader puts the values of all rows into one object. */
export const settingsView =
  <R extends Rows>(_rows: R) =>
  (settings: Settings): Settings & ValuesOf<R> =>
    settings as Settings & ValuesOf<R>;

/** A setting that does not agree with another one. */
export interface SettingProblem {
  name: string;
  message: string;
}

/** Refuses a setting that is larger than another one. */
export const notAbove = (
  settings: Readonly<Record<string, unknown>>,
  name: string,
  limit: string,
): SettingProblem[] =>
  Number(settings[name]) > Number(settings[limit])
    ? [{ name, message: `${name} is ${settings[name]}, more than ${limit}, which is ${settings[limit]}` }]
    : [];

/** The default of a family's bits: `default_quantize`. */
export const inheritedQuantize = {
  default: (above: Readonly<Record<string, unknown>>) => above.default_quantize as Bits,
  defaultText: "default_quantize",
} as const;

export interface Limits {
  above?: number;
  min?: number;
  max?: number;
  multipleOf?: number;
}

const limitsText = ({ above, min, max, multipleOf }: Limits): string => {
  const bounds =
    above !== undefined
      ? ` above ${above}`
      : min !== undefined && max !== undefined
        ? ` from ${min} to ${max}`
        : min !== undefined
          ? ` of at least ${min}`
          : "";
  return bounds + (multipleOf ? ` that ${multipleOf} divides` : "");
};

const numberKind = (schema: z.ZodNumber, noun: string, limits: Limits): Kind<number> => {
  let limited = schema;
  if (limits.above !== undefined) limited = limited.gt(limits.above);
  if (limits.min !== undefined) limited = limited.min(limits.min);
  if (limits.max !== undefined) limited = limited.max(limits.max);
  if (limits.multipleOf !== undefined) limited = limited.multipleOf(limits.multipleOf);
  return {
    schema: limited,
    expects: `${noun}${limitsText(limits)}`,
    fromText: (written) =>
      /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(written) ? Number(written) : written,
    placeholder: "number",
  };
};

export const whole = (limits: Limits = {}): Kind<number> => numberKind(z.int(), "a whole number", limits);
export const number = (limits: Limits = {}): Kind<number> => numberKind(z.number(), "a number", limits);

export const text = (expects = "text", pattern?: RegExp): Kind<string> => ({
  schema: pattern ? z.string().regex(pattern) : z.string().min(1),
  expects,
  fromText: (written) => written,
  placeholder: "text",
});

/** A URL whose pattern allows no user name and no password. */
export const withoutLogin = (kind: Kind<string>): Kind<string> => ({
  ...kind,
  withoutLogin: "without a user name, a key or a password: s3_access_key and s3_secret_key hold the keys",
});

export const path = (): Kind<string> => ({ ...text("a path"), placeholder: "path", path: true });

const truths: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  1: true,
  false: false,
  no: false,
  off: false,
  0: false,
};

export const yesNo = (): Kind<boolean> => ({
  schema: z.boolean(),
  expects: "true or false",
  fromText: (written) => truths[written.toLowerCase()] ?? written,
  placeholder: "true|false",
});

/** `other` names spellings that mean one of the choices. */
export const choice = <const T extends string>(
  choices: readonly T[],
  other: Readonly<Record<string, T>> = {},
): Kind<T> => ({
  schema: z.enum(choices) as unknown as z.ZodType<T>,
  expects: `one of ${choices.join(", ")}`,
  fromText: (written) => other[written.toLowerCase()] ?? written.toLowerCase(),
  placeholder: choices.join("|"),
});

const parseJson = (written: string): unknown => {
  try {
    return JSON.parse(written);
  } catch {
    return written;
  }
};

export const list = (expects = "a list of texts", pattern?: RegExp): Kind<readonly string[]> => ({
  schema: z.array(pattern ? z.string().regex(pattern) : z.string().min(1)),
  expects,
  // A plain comma list is what people type; JSON is what programs write.
  fromText: (written) =>
    written.trimStart().startsWith("[")
      ? parseJson(written)
      : written
          .split(",")
          .map((item) => item.trim())
          .filter((item) => item !== ""),
  placeholder: "a,b",
});

export const pathMap = (expects: string): Kind<Readonly<Record<string, string>>> => ({
  schema: z.record(z.string().min(1), z.string().min(1)),
  expects,
  fromText: parseJson,
  placeholder: "json",
  path: true,
});

export const quantize = (): Kind<Bits> => ({
  schema: z.union([z.literal(3), z.literal(4), z.literal(5), z.literal(6), z.literal(8)]).nullable(),
  expects: "3, 4, 5, 6, 8 or null",
  fromText: (written) =>
    /^(null|none)$/i.test(written) ? null : /^\d$/.test(written) ? Number(written) : written,
  placeholder: "bits|none",
});

/** `null`, or `none` in the environment and on the command line, stands for "not set". */
export const optional = <T>(kind: Kind<T>): Kind<T | null> => ({
  ...kind,
  schema: kind.schema.nullable(),
  expects: `${kind.expects}, or null`,
  fromText: (written) => (/^(null|none)$/i.test(written) ? null : kind.fromText(written)),
});
