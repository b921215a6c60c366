import type { Command } from "commander";
import type { Job } from "../../jobs/job.ts";
import { type Client, json, requireRunning } from "../client.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { fullId } from "../ids.ts";
import { positive } from "../option-values.ts";
import { table } from "../output/table.ts";

export function registerJobs(program: Command, context: CommandContext): void {
  const jobs = program
    .command("jobs")
    .description("list, show, cancel and retry the jobs of a running server");
  jobs
    .command("list", { isDefault: true })
    .description("list jobs, newest first")
    .option("--status <name>", "only jobs with this status")
    .option("--type <name>", "only jobs of this type")
    .option("-n, --limit <count>", "how many", positive, 20)
    .option("--json", "print JSON")
    .action(async (options: { status?: string; type?: string; limit: number; json?: boolean }) => {
      await using client = await requireRunning(context);
      const query = new URLSearchParams({ limit: String(options.limit) });
      if (options.status) query.set("status", options.status);
      if (options.type) query.set("type", options.type);
      const page = await json<{ data: Job[]; has_more: boolean }>(await client.request(`/v1/jobs?${query}`));
      if (options.json) return context.out(JSON.stringify(page.data, null, 2));
      if (page.data.length === 0) return context.out("No jobs.");
      const rows = page.data.map((job) => [
        job.id,
        job.type,
        job.status,
        job.progress === null ? "-" : `${Math.floor(job.progress * 100)} %`,
        took(job),
        job.error?.split("\n")[0]?.slice(0, 60) ?? "",
      ]);
      context.out(table([["Job", "Type", "Status", "Progress", "Time", "Error"], ...rows]));
      if (page.has_more) context.out(`There are more: --limit ${options.limit * 2}`);
    });
  /** Sends a request for one job and prints the answer. */
  const ask = async (client: Client, start: string, method: string, rest = "") => {
    const id = await fullId(client, "jobs", start);
    context.out(
      JSON.stringify(await json(await client.request(`/v1/jobs/${id}${rest}`, { method })), null, 2),
    );
  };
  jobs
    .command("show <id>")
    .description("print a job as JSON; the start of an id is enough")
    .action(async (start: string) => {
      await using client = await requireRunning(context);
      await ask(client, start, "GET");
    });
  jobs
    .command("cancel [id]")
    .description("cancel a job that waits or runs; the start of an id is enough")
    .option("--all", "every job that waits or runs")
    .action(async (start: string | undefined, { all }: { all?: boolean }) => {
      if (!all && start === undefined)
        throw new CommandError("Name the job to cancel, or give --all", exitCodes.usage);
      await using client = await requireRunning(context);
      if (all) return context.out(`canceled: ${await cancelAll(client)} jobs`);
      await ask(client, start!, "POST", "/cancel");
    });
  jobs
    .command("retry <id>")
    .description("run a failed or cancelled job again; the start of an id is enough")
    .action(async (start: string) => {
      await using client = await requireRunning(context);
      await ask(client, start, "POST", "/retry");
    });
  jobs
    .command("delete <id>")
    .description(
      "remove a job's record, cancelling the job first if it has not ended; the start of an id is enough",
    )
    .option("--files", "also delete the files that it made or brought")
    .action(async (start: string, { files }: { files?: boolean }) => {
      await using client = await requireRunning(context);
      await ask(client, start, "DELETE", files ? "?files=true" : "");
    });
}

/** Cancels what waits and what runs. */
async function cancelAll(client: Client): Promise<number> {
  const { canceled } = await json<{ canceled: number }>(
    await client.request("/v1/jobs/cancel", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ status: ["queued", "running"] }),
    }),
  );
  return canceled;
}

function took({ started_at, finished_at }: Job): string {
  if (started_at === null) return "-";
  return `${((finished_at ?? Date.now() / 1000) - started_at).toFixed(1)} s`;
}
