import type { Command } from "commander";
import type { Job } from "../../jobs/job.ts";
import { json, requireRunning } from "../client.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
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
    .option("-n, --limit <count>", "how many", "20")
    .option("--json", "print JSON")
    .action(async (options: { status?: string; type?: string; limit: string; json?: boolean }) => {
      await using client = await requireRunning(context);
      const query = new URLSearchParams({ limit: options.limit });
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
      if (page.has_more) context.out(`There are more: --limit ${Number(options.limit) * 2}`);
    });
  const one = (name: string, description: string, path: (id: string) => [method: string, path: string]) =>
    jobs
      .command(`${name} <id>`)
      .description(description)
      .action(async (id: string) => {
        await using client = await requireRunning(context);
        const [method, to] = path(encodeURIComponent(id));
        context.out(JSON.stringify(await json(await client.request(to, { method })), null, 2));
      });
  one("show", "print a job as JSON", (id) => ["GET", `/v1/jobs/${id}`]);
  one("cancel", "cancel a job that waits or runs", (id) => ["POST", `/v1/jobs/${id}/cancel`]);
  one("retry", "run a failed or cancelled job again", (id) => ["POST", `/v1/jobs/${id}/retry`]);
  jobs
    .command("delete <id>")
    .description("cancel a job if need be and remove its record")
    .option("--files", "delete the files that it made or brought, too")
    .action(async (id: string, { files }: { files?: boolean }) => {
      await using client = await requireRunning(context);
      const path = `/v1/jobs/${encodeURIComponent(id)}${files ? "?files=true" : ""}`;
      context.out(JSON.stringify(await json(await client.request(path, { method: "DELETE" })), null, 2));
    });

  program
    .command("unload <model>")
    .description("free a model's memory in a running server; the model as family/name")
    .action(async (model: string) => {
      const [family, name] = model.split("/", 2) as [string, string | undefined];
      const families = context.capabilities.map((capability) => capability.family);
      if (!name || !families.includes(family))
        throw new CommandError(
          `Name the model as family/name, such as depthpro/base; the families are ${families.join(", ")}`,
          exitCodes.usage,
        );
      await using client = await requireRunning(context);
      const path = `/v1/image/${family}/models/${encodeURIComponent(name)}/unload`;
      context.out(JSON.stringify(await json(await client.request(path, { method: "POST" }))));
    });
}

function took({ started_at, finished_at }: Job): string {
  if (started_at === null) return "-";
  return `${((finished_at ?? Date.now() / 1000) - started_at).toFixed(1)} s`;
}
