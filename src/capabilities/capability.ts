/**
 * The interface of a family. HTTP, the document, the queue and the command line are made from it alone.
 *
 * @module
 */
import type { z } from "@hono/zod-openapi";
import type { Need } from "../engine/need.ts";
import type { Bits, Source, Values } from "../engine/task.ts";
import type { FileRecord, FileRef } from "../files/file.ts";
import type { AdapterNetwork } from "../models/diffusion/names.ts";
import type { Settings } from "../settings/settings.ts";
import type { Prompts } from "./prompts/cache.ts";

/** A model that a family offers. */
export interface Variant {
  name: string;
  aliases: readonly string[];
  /** The published repository, which is also the identity that `/health` shows. */
  repo: string;
  features: readonly string[];
  licence: { name: string; url: string; commercial: boolean };
  /** What activation fetches. */
  downloads: readonly Download[];
  /** Bits that the downloads have already, where they were quantized as a whole. */
  bits?: NonNullable<Bits>;
  /** The same model as others publish it in fewer bits, the most bits first. */
  copies?: readonly Copy[];
  /** Adapters that make its pictures in few steps, under the same licence. `easel activate --fast` fetches them, too. */
  fast?: readonly { steps: number; download: Download }[];
  /** Name of the file inside the program that holds the weights; nothing has to be fetched then. */
  embedded?: string;
  /** A warning about its results, which lists show. */
  note?: string;
  /** Fields of a request that change nothing in it. */
  ignores?: readonly string[];
  /** Gigabytes (10^9) that the downloads take, for lists. */
  diskGb: number;
}

/** A model's weights, quantized by another publisher. */
export interface Copy {
  bits: NonNullable<Bits>;
  repo: string;
  downloads: readonly Download[];
  diskGb: number;
  /** Where it is not the model's own. */
  licence?: Variant["licence"];
}

export type Download =
  | { kind: "huggingface"; repo: string; revision: string; files: readonly string[]; gated?: boolean }
  | { kind: "url"; url: string; file: string; sha256?: string };

/** What `check` may look at. */
export interface CheckContext {
  settings: Settings;
  prompts: Prompts;
  /** Bytes that models may take together. It follows from the settings and the machine, never from the memory that is free. */
  budget(): number;
  /** Where a download lies on this machine; undefined unless it is whole. */
  fetched?(download: Download): string | undefined;
  /** Whether the variant's files are on this machine, and the labels of what is missing. */
  activation(
    family: string,
    variant: string,
  ): { source: Pick<Source, "paths"> } | { missing: readonly string[] };
}

export interface PrepareContext extends CheckContext {
  /** Gives the bytes behind a reference: a path on disk and its record. `kind` names it in errors. */
  resolve(ref: FileRef, kind: string): Promise<{ path: string; record: FileRecord }>;
  signal: AbortSignal;
}

export interface Prepared {
  input: Values;
  /** Facts about the inputs that `publish` wants and the engine does not. */
  facts: Record<string, unknown>;
  /** The need again, now that the inputs' sizes are known: the same parts, another working room. */
  need?: Need;
  /**
   * Asked when the job's turn has come, which may be long after its inputs were prepared: the input once more, and phases that need
   * not run because their outcome is in it already.
   */
  refresh?(): Promise<{ input: Values; skip: readonly string[] }>;
}

export interface AfterContext extends CheckContext {
  /** For the log: what went wrong and does not matter to the job. */
  note(text: string): void;
}

/** Bytes of a file. As a list: its pieces, one behind the other. */
export type ArtifactBytes = Uint8Array | Blob | readonly Uint8Array[];

/** A file that a job made, before it is stored. */
export interface Artifact {
  /** A promise may still make them while others are stored. */
  bytes: ArtifactBytes | Promise<ArtifactBytes>;
  filename: string;
  content_type: string;
  meta: Record<string, unknown>;
}

/** Artifacts get their ids first, so that a result can name them. */
export interface Published {
  artifacts: readonly Artifact[];
  result(records: readonly FileRecord[]): Record<string, unknown>;
  /** Frees memory that the artifacts use. Called once they are stored, or will not be. */
  free?(): void;
}

export interface PublishContext {
  settings: Settings;
  /** Wall time of the engine phases alone, in seconds. */
  seconds: number;
  jobId: string;
}

/**
 * One generation endpoint. `Request` is what the schema gives; `Params` is what the job keeps: references with data URLs already
 * stored, defaults resolved where the contract shows them resolved.
 */
export interface Operation<Request = never, Params = Record<string, unknown>> {
  /** Job type, such as "depthpro". */
  type: string;
  /** Path under the capability's base, such as "/estimate". */
  path: string;
  operationId: string;
  summary: string;
  description: string;
  request: z.ZodType;
  /** Names of component schemas come from `.openapi("Name")`. */
  result: z.ZodType;
  /** The job with this result, `JobEstimateResponse` in the contract. */
  jobComponent: string;
  /** Names of the variants that it takes, the default one first; all of them unless given. */
  variants?: readonly string[];
  /** Content types of the single artifact's bytes. */
  artifactTypes: readonly string[];
  /** Throws a Refusal (400, 422, 503); gives what the job keeps. No I/O. */
  check(request: Request, context: CheckContext): Params;
  need(params: Params, context: CheckContext): Need;
  prepare(params: Params, context: PrepareContext): Promise<Prepared>;
  /** Called with each phase's outcome, to cache a copy of it: the outcome itself moves on to the next phase. */
  afterPhase?(phase: string, params: Params, output: Values, context: AfterContext): void | Promise<void>;
  /** Makes JSON of what travels with the engine's progress, such as a picture of the state of things. */
  preview?(payload: Values): Promise<Record<string, unknown>>;
  publish(
    params: Params,
    facts: Record<string, unknown>,
    output: Values,
    context: PublishContext,
  ): Promise<Published>;
}

/** A request whose memory is to be planned. Sides are those of the result. */
export interface PlannedRequest {
  quantize?: number;
  width?: number;
  height?: number;
  steps?: number;
}

export type UnsupportedOperation = Pick<
  Operation,
  "path" | "operationId" | "summary" | "description" | "request"
>;

/** An operation as OpenAI's Images API reaches it. */
export interface OpenAiOperation {
  operation: Operation;
  /** The variant that a request without a model gets; the operation's first one unless given. */
  standard?: string;
  /** Sizes and steps that OpenAI's `auto` stands for. */
  defaults(settings: Settings, variant: string): { width: number; height: number; steps: number };
}

export interface Capability {
  family: string;
  domain: "image";
  /** Name in lists for people: "Depth Pro". */
  label: string;
  /** Title of its document, "kiapi DepthPro API" in the contract. */
  title: string;
  summary: string;
  description: string;
  variants: readonly Variant[];
  /** The variant used when a request names none. */
  defaultVariant(context: CheckContext): string;
  operations: readonly Operation[];
  /** Operations of the contract that this server does not have: documented, and answered 501. */
  unsupported?: readonly UnsupportedOperation[];
  /** What OpenAI's Images API can ask of it. */
  openai?: { generate?: OpenAiOperation; edit?: OpenAiOperation };
  /** Fields of a request that the page offers for this family alone, except those that a variant ignores. */
  pageFields?: readonly string[];
  /** What adapters may change in a variant. Families without it take none. */
  adapters?(variant: string, context: CheckContext): AdapterNetwork;
  /** Memory of a usual request of a variant, for `warmup_models` and `easel plan`. */
  warm?(variant: string, context: CheckContext, request?: PlannedRequest): Need;
}
