/**
 * The lane of downloads: installs models one at a time, beside the engine and never on it.
 *
 * @module
 */
import { Refusal } from "../../errors.ts";
import type { JobContext } from "../context.ts";
import { type Job, progressOf } from "../job.ts";
import type { Reporter } from "../notify/reporter.ts";
import type { Claimed, Ending } from "../store/store.ts";
import { Claims } from "./claims.ts";
import { failure } from "./failure.ts";
import { Finisher } from "./finish.ts";
import { downloadsOffer } from "./operations.ts";
import { inTime } from "./timeouts.ts";

/** How far a download is. */
export interface DownloadProgress {
  bytes_done: number;
  bytes_total: number;
}

/** Downloads a model's missing files. */
export type Install = (
  model: { family: string; model: string; fast?: boolean; bits?: number },
  options: { signal: AbortSignal; report(progress: DownloadProgress): void },
) => Promise<Record<string, unknown>>;

/** Milliseconds between two events of one download. */
const interval = 250;

export class ActivationLane {
  readonly #context: JobContext;
  readonly #reporter: Reporter;
  readonly #finisher: Finisher;
  readonly #quit = new AbortController();
  readonly #claims: Claims;
  #current: (Claimed & { controller: AbortController; done: Promise<void> }) | undefined;
  #wake = () => {};
  #wasPoked = false;

  constructor(context: JobContext, reporter: Reporter) {
    this.#context = context;
    this.#reporter = reporter;
    this.#finisher = new Finisher(context, reporter, this.#quit.signal);
    this.#claims = new Claims({
      store: context.store,
      finisher: this.#finisher,
      reporter,
      quit: this.#quit.signal,
      offer: downloadsOffer,
      refused: (error) => this.#failNext(error),
    });
  }

  begin(): void {
    this.#loop().catch((error) => this.#context.log.error("the lane of downloads has stopped", { error }));
  }

  /** There may be something to do. */
  poke(): void {
    this.#wasPoked = true;
    this.#wake();
  }

  running(): Job | undefined {
    return this.#current?.job;
  }

  /** Stops the work on a job whose record says that it ended. */
  abandon(id: string): void {
    this.#claims.abandon(id);
    if (this.#current?.job.id === id) this.#current.controller.abort();
  }

  /** Puts the running download back into the queue: the next start resumes it. */
  async stop(): Promise<void> {
    this.#quit.abort();
    this.#wake();
    await inTime(this.#claims.settled(), this.#context.clock, this.#context.settings.shutdown_grace_s);
    const current = this.#current;
    if (!current) return;
    await this.#context.store.requeue(current.job.id, current.claim).catch(() => {});
    current.controller.abort();
    await current.done;
  }

  async #loop(): Promise<void> {
    while (!this.#quit.signal.aborted) {
      this.#wasPoked = false;
      const claimed = await this.#claims.take();
      if (claimed) await this.#run(claimed);
      else if (this.#quit.signal.aborted) return;
      else if (!this.#wasPoked)
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  async #run({ job, claim }: Claimed): Promise<void> {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const controller = new AbortController();
    this.#current = { job, claim, controller, done };
    if (this.#claims.hasEnded(job.id)) controller.abort();
    try {
      const ending = controller.signal.aborted ? undefined : await this.#install(job, controller.signal);
      if (ending) await this.#finisher.finish(job, "running", ending, progressOf(job), claim);
    } finally {
      this.#current = undefined;
      resolve();
    }
  }

  /** Fails the download that would have been the next one, because the store refuses to start it. */
  async #failNext(error: unknown): Promise<boolean> {
    const ask = () => this.#context.store.ahead(downloadsOffer(this.#finisher.unwritten()));
    const job = await this.#finisher.persist(ask, () => true);
    if (job) await this.#finisher.finish(job, "queued", { status: "failed", ...failure(error) });
    return job !== undefined;
  }

  /** How the job ended, or nothing when its record says so already. */
  async #install(job: Job, signal: AbortSignal): Promise<Ending | undefined> {
    const { install, clock, log } = this.#context;
    const began = clock.now();
    let first: number | undefined;
    let reported = 0;
    const report = ({ bytes_done, bytes_total }: DownloadProgress) => {
      if (signal.aborted) return;
      first ??= bytes_done;
      job.progress_label = "downloading";
      job.progress = bytes_total > 0 ? Math.min(bytes_done / bytes_total, 1) : 0;
      const isLast = bytes_done >= bytes_total;
      if (!isLast && clock.now() - reported < interval) return;
      reported = clock.now();
      const seconds = (reported - began) / 1000;
      const rate = seconds > 0.5 ? (bytes_done - first) / seconds : null;
      this.#reporter.status(job, {
        bytes_done,
        bytes_total,
        bytes_per_s: rate === null ? null : Math.round(rate),
        eta_s: rate ? Math.round((bytes_total - bytes_done) / rate) : null,
      });
    };
    try {
      const { family, model, fast, bits } = job.params as Parameters<Install>[0];
      const wanted = { ...(fast && { fast }), ...(bits !== undefined && { bits }) };
      const result = await install({ family, model, ...wanted }, { signal, report });
      return { status: "succeeded", result: { family, model, ...result }, files: [] };
    } catch (error) {
      if (signal.aborted) return undefined;
      log.warning("a model could not be installed", { job_id: job.id, error });
      return { status: "failed", ...failure(error) };
    }
  }
}

/** For contexts that install nothing. */
export const installsNothing: Install = async () => {
  throw new Refusal("activation_disabled", "this server installs no models");
};
