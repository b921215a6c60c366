import type { Command } from "commander";
import { batchOptions, runBatch } from "../batch.ts";
import type { CommandContext } from "../context.ts";
import {
  adapterPaths,
  type DiffusionOptions,
  diffusionBody,
  diffusionOptions,
} from "../diffusion-options.ts";
import { real } from "../option-values.ts";
import { formatOf, outputsFor, requireFiles, stemOf } from "../picture-paths.ts";

interface GenerateOptions extends DiffusionOptions {
  initImage?: string;
  imageStrength?: number;
}

export function registerGenerate(program: Command, context: CommandContext): void {
  diffusionOptions(batchOptions(program.command("generate <prompt>")))
    .description("make a picture from words")
    .option("--init-image <path>", "start from this picture")
    .option("--image-strength <share>", "how much of the start picture stays, 0 to 1", real)
    .action(async (prompt: string, options: GenerateOptions) => {
      const { initImage } = options;
      requireFiles([...(initImage === undefined ? [] : [initImage]), ...adapterPaths(options)]);
      const list = [{ path: "", label: "generate", stem: stemOf(prompt) }];
      const outputs = outputsFor({ list, several: false }, options.output, { suffix: "", extension: ".png" });
      const format = formatOf(outputs[0]!);
      await runBatch(context, list, outputs, options, async (each, _, output) => {
        const job = await each.run("/v1/image/qwen/generate", {
          ...(await diffusionBody(each, prompt, options, format)),
          init_image: initImage === undefined ? undefined : await each.upload(initImage),
          image_strength: options.imageStrength,
        });
        await each.save(job.result?.file_id, output);
        return job;
      });
    });
}
