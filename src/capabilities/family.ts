/**
 * A family of models: one folder, one value. Settings, the command line, HTTP and its documents, the checks, the page and OpenAI's
 * dialect are made from the list of families in `registry.ts`; the engine's tasks are listed in `tasks.ts`.
 *
 * @module
 */
import type { FileRef } from "../files/file.ts";
import type { Settings } from "../settings/settings.ts";
import type { Rows, SettingProblem } from "../settings/types.ts";
import type { Capability } from "./capability.ts";

export interface Family extends Capability {
  /** Its rows in the table of settings. */
  settings: Rows;
  /** Its settings that do not agree with each other. */
  settingProblems?(settings: Settings): SettingProblem[];
  /** Its commands that make pictures. Families may share one: `--model` decides then. */
  verbs: readonly Verb[];
  probe: Probe;
}

/** A small job that shows whether a model works, and how fast. */
export interface Probe {
  /** How `easel check` judges the result: near and far of the drawn room, or any picture. */
  shows: "depth" | "picture";
  /** Side of the square picture that a bench takes, where a usual picture would take too long. */
  side?: number;
  /** Path of the operation, and the request, for a variant and a picture of that size. */
  request(
    variant: string,
    image: FileRef,
    size: { width: number; height: number },
  ): { path: string; body: Record<string, unknown> };
}

/** A command that makes pictures, or a family's share in it. */
export interface Verb {
  /** The command, such as `depth`. */
  name: string;
  summary: string;
  /** Positional arguments. Several pictures are one job each, or the input of one. */
  takes: "pictures" | "prompt" | "prompt and pictures";
  /** Path of the operation. */
  path: string;
  options: readonly VerbOption[];
  /** Field of the result with the file id of the picture. */
  result: string;
  /** Suffix of a result's default name, such as "-depth". */
  suffix: string;
  /** Formats of the picture. With several, the output's extension decides and the request has a field `format`. */
  formats: readonly ("png" | "jpeg" | "webp")[];
  /** Files that the command can make, the picture first. Without them there is the picture alone. */
  files?: readonly VerbFile[];
  /** With `--temporal` the pictures are frames, and each job is given the result before it. */
  sequence?: Sequence;
}

/** A file that a command can make. The output's extension decides which, `--as` names several. */
export interface VerbFile {
  name: string;
  extension: string;
  /** Help of an option `--name` of its own, for a file that shares its extension with another. */
  option?: string;
  /** What tells its name from others of the same picture: "-stereo". */
  suffix?: string;
  /** Request fields that it needs; lists of several files are joined. */
  body: Readonly<Record<string, unknown>>;
  /** Its id in the result. */
  fileId(result: Readonly<Record<string, unknown>>): unknown;
}

export interface Sequence {
  help: string;
  /** What every request has. */
  body: Readonly<Record<string, unknown>>;
  /** What the next request has, and the file that it needs. */
  follow(result: Readonly<Record<string, unknown>>): { body: Record<string, unknown>; file: string };
}

/** An option of a command. Its name is the request's field: `input_size` is `--input-size`. */
export interface VerbOption {
  name: string;
  help: string;
  /** What `--help` shows in the place of the value. */
  value?: string;
  /**
   * How the value is read. A `picture` is a path whose file is sent; an `adapter` is a path with a strength, repeatable; a `copy` is
   * a path that a second file of the result is saved to, from the result's field `from`.
   */
  kind: "yes" | "text" | "whole" | "real" | "interval" | "size" | "picture" | "adapter" | "copy";
  /** With `copy`: the field of the result, the file's extension, and the request's field that asks for it. */
  from?: string;
  extension?: string;
  asks?: string;
}
