import type { Command } from "commander";
import type { Family } from "../../capabilities/family.ts";
import { json, requireRunning } from "../client.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { table } from "../output/table.ts";

interface Health {
  memory: {
    loaded?: {
      family: string;
      name: string;
      weight_gb: number;
      idle_s: number;
      expires_in_s?: number | null;
    }[];
    resident_gb: number;
    budget_gb: number;
  };
}

/** The commands that look at the memory of a running server. */
export function registerMemory(program: Command, context: CommandContext): void {
  program
    .command("ps")
    .description("list the models that a running server has in memory")
    .option("--json", "print JSON")
    .action(async (options: { json?: boolean }) => {
      await using client = await requireRunning(context);
      const { memory } = await json<Health>(await client.request("/health"));
      const { loaded = [], resident_gb, budget_gb } = memory;
      if (options.json) return context.out(JSON.stringify(memory, null, 2));
      if (loaded.length > 0) {
        const rows = loaded.map(({ family, name, weight_gb, idle_s, expires_in_s }) => [
          `${family}/${name}`,
          `${weight_gb.toFixed(1)} GB`,
          `${Math.round(idle_s)} s`,
          expires_in_s == null ? "never" : `${Math.round(expires_in_s)} s`,
        ]);
        context.out(table([["Model", "Weights", "Idle for", "Leaves in"], ...rows]));
      } else context.out("No models are in memory.");
      context.out(`${resident_gb.toFixed(1)} of ${budget_gb.toFixed(1)} GB are in use.`);
    });
  program
    .command("unload <model>")
    .description("free a model's memory in a running server; the model as family/name")
    .action(async (model: string) => {
      const [family, name] = model.split("/", 2) as [string, string | undefined];
      const found = context.capabilities.find((each) => each.family === family);
      if (!name || !found) throw unnamed(context.capabilities);
      await using client = await requireRunning(context);
      const path = `/v1/${found.domain}/${family}/models/${encodeURIComponent(name)}/unload`;
      context.out(JSON.stringify(await json(await client.request(path, { method: "POST" }))));
    });
}

const unnamed = (families: readonly Family[]) =>
  new CommandError(
    `Name the model as family/name, such as depthpro/base; the families are ${families.map(({ family }) => family).join(", ")}`,
    exitCodes.usage,
  );
