import type { Command } from "commander";
import { type BatchOptions, batchOptions, runBatch } from "../batch.ts";
import type { CommandContext } from "../context.ts";
import { real, size, whole } from "../option-values.ts";
import { formatOf, inputsFrom, outputsFor } from "../picture-paths.ts";

interface UpscaleOptions extends BatchOptions {
  resolution?: number | string;
  softness?: number;
  colorFix?: string;
  seed?: number;
  quality?: number;
}

export function registerUpscale(program: Command, context: CommandContext): void {
  batchOptions(program.command("upscale <inputs...>"))
    .description("make pictures larger and sharper: files, folders of pictures, or - for standard input")
    .option("--resolution <size>", "shorter side in pixels, or a factor such as 2x", size)
    .option("--softness <share>", "0 keeps the input's sharpness, 1 blurs it away first", real)
    .option("--color-fix <way>", "where the colours come from: wavelet-lab, wavelet, lab or none")
    .option("--seed <number>", "makes the result repeatable", whole)
    .option("--quality <percent>", "of JPEG and WebP", whole)
    .action(async (paths: string[], options: UpscaleOptions) => {
      const inputs = inputsFrom(paths);
      const outputs = outputsFor(inputs, options.output, { suffix: "-large", extension: ".png" });
      const formats = outputs.map(formatOf);
      await runBatch(context, inputs.list, outputs, options, async (each, input, output, i) => {
        const job = await each.run("/v1/image/seedvr2/upscale", {
          image: await each.upload(input.path),
          model: options.model,
          quantize: options.quantize,
          resolution: options.resolution,
          softness: options.softness,
          color_fix: options.colorFix,
          seed: options.seed,
          quality: options.quality,
          format: formats[i],
        });
        await each.save(job.result?.file_id, output);
        return job;
      });
    });
}
