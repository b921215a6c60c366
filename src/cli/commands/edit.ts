import type { Command } from "commander";
import { batchOptions, runBatch } from "../batch.ts";
import type { CommandContext } from "../context.ts";
import {
  adapterPaths,
  type DiffusionOptions,
  diffusionBody,
  diffusionOptions,
} from "../diffusion-options.ts";
import { formatOf, inputsFrom, outputsFor, requireFiles } from "../picture-paths.ts";

export function registerEdit(program: Command, context: CommandContext): void {
  diffusionOptions(batchOptions(program.command("edit <prompt> <images...>")))
    .description("change pictures as the words say; several pictures become one")
    .action(async (prompt: string, paths: string[], options: DiffusionOptions) => {
      requireFiles([...paths, ...adapterPaths(options)]);
      const { list } = inputsFrom(paths);
      const first = list[0]!;
      const outputs = outputsFor({ list: [first], several: false }, options.output, {
        suffix: "-edit",
        extension: ".png",
      });
      const format = formatOf(outputs[0]!);
      await runBatch(context, [first], outputs, options, async (each, _, output) => {
        const images = [];
        for (const { path } of list) images.push(await each.upload(path));
        const job = await each.run("/v1/image/qwen/edit", {
          ...(await diffusionBody(each, prompt, options, format)),
          images,
        });
        await each.save(job.result?.file_id, output);
        return job;
      });
    });
}
