import { extname } from "node:path";
import type { Command } from "commander";
import { type BatchOptions, batchOptions, runBatch } from "../batch.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { real, whole } from "../option-values.ts";
import { inputsFrom, outputsFor } from "../picture-paths.ts";
import { standardStream } from "../remote-file.ts";

interface DepthOptions extends BatchOptions {
  colormap?: string;
  normalization?: string;
  depthFormat?: string;
  inputSize?: number;
  focalLengthPx?: number;
  invert?: boolean;
  npz?: string;
}

export function registerDepth(program: Command, context: CommandContext): void {
  batchOptions(program.command("depth <inputs...>"))
    .description("make depth maps of pictures, folders of pictures, or - for standard input (near is bright)")
    .option("--colormap <name>", "grey, turbo, inferno, viridis or spectral")
    .option("--normalization <name>", "minmax, v2-style or raw")
    .option("--depth-format <name>", "png8 or png16")
    .option("--input-size <pixels>", "side at which the network looks at the picture", whole)
    .option("--focal-length-px <pixels>", "focal length, for models that measure metres", real)
    .option("--invert", "near is dark")
    .option("--npz <path>", "also write the depth values: a file, or a folder for several inputs")
    .action(async (paths: string[], options: DepthOptions) => {
      const [family, model] = familyOf(options.model);
      if (options.npz === standardStream)
        throw new CommandError("Only the picture can go to standard output", exitCodes.usage);
      const inputs = inputsFrom(paths);
      const outputs = outputsFor(inputs, options.output, { suffix: "-depth", extension: ".png" });
      if (outputs.some((place) => place !== standardStream && !isPng(place)))
        throw new CommandError("A depth map is a PNG: the output must end in .png", exitCodes.usage);
      const values =
        options.npz === undefined
          ? []
          : outputsFor(inputs, options.npz, { suffix: "-depth", extension: ".npz" });
      await runBatch(context, inputs.list, outputs, options, async (each, input, output, i) => {
        const job = await each.run(`/v1/image/${family}/estimate`, {
          image: await each.upload(input.path),
          model,
          quantize: options.quantize,
          include_depth_data: options.npz !== undefined,
          colormap: options.colormap,
          normalization: options.normalization,
          depth_format: options.depthFormat,
          input_size: options.inputSize,
          focal_length_px: options.focalLengthPx,
          invert: options.invert,
        });
        await each.save(job.result?.depth_image_file_id, output);
        if (values[i] !== undefined) await each.save(job.result?.depth_data_file_id, values[i]);
        return job;
      });
    });
}

/** A name without an extension may be a device or a pipe. */
const isPng = (path: string) => [".png", ""].includes(extname(path).toLowerCase());

/** `depthpro`, `depthpro/base`, `v2-small` and `depthanything/v2-small` all name a model. */
function familyOf(name: string | undefined): [family: string, model: string | undefined] {
  if (name === undefined) return ["depthanything", undefined];
  const [family, model] = name.split("/", 2) as [string, string | undefined];
  if (model !== undefined) return [family, model];
  return family === "depthpro" || family === "depthanything"
    ? [family, undefined]
    : ["depthanything", family];
}
