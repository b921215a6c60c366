import type { Command } from "commander";
import {
  type AdapterFilter,
  adapterList,
  type ListedAdapter,
} from "../../capabilities/diffusion/adapter-folder.ts";
import { type Client, json, running } from "../client.ts";
import type { CommandContext } from "../context.ts";
import { bytes, table } from "../output/table.ts";
import { choices, select } from "../select.ts";
import { checkContext } from "./status.ts";

export function registerLoras(program: Command, context: CommandContext): void {
  program
    .command("loras")
    .description("list the adapters (LoRA) in lora_dir, and which models each fits")
    .option("--family <name>", "only what fits a model of this family")
    .option("--model <name>", "only what fits a model of this name")
    .option("--json", "print JSON")
    .action(async ({ json: asJson, ...filter }: AdapterFilter & { json?: boolean }) => {
      checkNames(context, filter);
      const server = await running(context);
      const list = await adaptersHere(context, server, filter);
      if (asJson) return context.out(JSON.stringify(list, null, 2));
      if (list.length === 0) {
        const whole = filter.family === undefined && filter.model === undefined;
        // A running server may have another folder than this shell's settings name.
        const folder = server ? "lora_dir of the running server" : context.settings().lora_dir;
        return context.out(
          whole ? `There are no adapters in ${folder}.` : `No adapter in ${folder} fits that.`,
        );
      }
      const rows = list.map((each) => [each.name, bytes(each.size), each.problem ?? fitsText(each.fits)]);
      context.out(table([["Adapter", "Size", "Fits"], ...rows]));
      context.out('\nUse one: easel generate "…" --lora NAME, or NAME:0.8 for a part of its strength');
    });
}

/** Refuses a name that no family or model has: its list would be empty, as if no adapter fitted. */
function checkNames({ capabilities }: CommandContext, { family, model }: AdapterFilter): void {
  const every = choices(capabilities, () => "");
  select(every, {
    ...(family !== undefined && { family: [family] }),
    ...(model !== undefined && { model: [model] }),
  });
}

/** Those of a running server, whose folder may be another one, else those of the settings here. */
async function adaptersHere(
  context: CommandContext,
  server: Client | null,
  filter: AdapterFilter,
): Promise<ListedAdapter[]> {
  if (!server) return adapterList(context.capabilities, checkContext(context), filter);
  const query = new URLSearchParams(filter as Record<string, string>);
  return (await json<{ data: ListedAdapter[] }>(await server.request(`/v1/loras?${query}`))).data;
}

const fitsText = (fits: ListedAdapter["fits"]) =>
  fits.map(({ family, models }) => models.map((model) => `${family}/${model}`).join(", ")).join(", ");
