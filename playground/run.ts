/**
 * One job from its request to its result on the stage.
 *
 * @module
 */
import * as api from "./api.ts";
import { announce } from "./dom.ts";
import { refreshFiles } from "./files.ts";
import { refreshQueue } from "./queue.ts";
import { failed, message, type Shown, show, still, working } from "./stage.ts";

export interface Plan {
  /** Path of the operation. */
  path: string;
  /** Makes the body; uploads what it names on the way. */
  body(): Promise<Record<string, unknown>>;
  /** What the stage shows below the progress. */
  under: { picture: HTMLImageElement | undefined; name: string } | undefined;
  /** Shows the result. */
  view(job: api.Job): Promise<Shown>;
  /** Called once the server has taken the job. */
  accepted?(body: Record<string, unknown>): void;
}

/** The run that the stage belongs to. Others go on, and are found in the queue. */
let latest = 0;

/** Nothing that is still running may take the stage any more. */
export const takeStage = () => ++latest;
export const hasStage = (turn: number) => turn === latest;

export async function run(plan: Plan): Promise<void> {
  const turn = takeStage();
  const mine = () => hasStage(turn);
  let id: string | undefined;
  let stopped = false;
  const cancel = async () => {
    stopped = true;
    if (id) await api.cancel(id).catch(() => {});
  };
  const under = () => plan.under && still(plan.under.picture, plan.under.name);
  const work = working(under(), cancel);
  show(work.shown);
  const shows = (shown: Shown) => mine() && show(shown);
  try {
    const body = await plan.body();
    const accepted = await api.submit(plan.path, body);
    id = accepted.job_id;
    plan.accepted?.(body);
    if (stopped) await cancel();
    void refreshQueue();
    const job = await api.follow(id, {
      status: ({ progress, progress_label, queue_position }) =>
        mine() && work.progress(progress_label, progress, queue_position),
      preview: (picture) => mine() && work.preview(picture),
    });
    if (job.status === "succeeded") {
      if (mine()) {
        const shown = await plan.view(job);
        shows(shown);
        announce("Done");
      }
    } else if (job.status === "canceled") {
      shows(
        message({ title: "Cancelled", words: "Nothing was kept.", calm: true }, under(), () => run(plan)),
      );
    } else {
      throw new api.ApiError(job.error ?? "the job failed", 500, job.error_code ?? undefined);
    }
  } catch (error) {
    shows(failed(error, under(), () => run(plan)));
  } finally {
    void refreshQueue();
    void refreshFiles();
  }
}
