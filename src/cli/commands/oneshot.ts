/**
 * Commands that make one picture from another or from words: `depth`, `upscale`, `generate`, `edit`. They use a running server
 * when there is one and otherwise do the work in this process.
 *
 * @module
 */
import { statSync } from "node:fs";
import { extname } from "node:path";
import type { Command } from "commander";
import type { Job } from "../../jobs/job.ts";
import { anyServer, type Client, runJob, type Step, saveFile, standardOutput, upload } from "../client.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { lora, real, size, whole } from "../option-values.ts";
import { formatOf, isFolder, placesFor, requireFiles, standardOutputOf } from "../picture-paths.ts";

interface Common {
  output: string;
  quantize?: number;
  model?: string;
  json?: boolean;
  quiet?: boolean;
}

function common(command: Command): Command {
  return command
    .requiredOption(
      "-o, --output <path>",
      "where the picture goes: a file, a folder for several inputs, or - for standard output",
    )
    .option("--model <name>", "which model")
    .option("--quantize <bits>", "bits of the weights: 3, 4, 5, 6 or 8", whole)
    .option("--json", "print the job as JSON")
    .option("-q, --quiet", "show no progress");
}

export function registerOneShots(program: Command, context: CommandContext): void {
  common(program.command("depth <inputs...>"))
    .description("make a depth map of a picture (near is bright)")
    .option("--colormap <name>", "grey, turbo, inferno, viridis or spectral")
    .option("--normalization <name>", "minmax, v2-style or raw")
    .option("--depth-format <name>", "png8 or png16")
    .option("--input-size <pixels>", "side at which the network looks at the picture", whole)
    .option("--focal-length-px <pixels>", "focal length, for models that measure metres", real)
    .option("--invert", "near is dark")
    .option("--npz <path>", "also write the depth values: a file, or a folder for several inputs")
    .action(async (inputs: string[], options: Common & DepthOptions) => {
      const [family, model] = familyOf(options.model);
      requireFiles(inputs);
      const toFile = !isFolder(options.output) && options.output !== standardOutput;
      if (toFile && ![".png", ""].includes(extname(options.output).toLowerCase()))
        throw new CommandError("A depth map is a PNG: the output must end in .png", exitCodes.usage);
      if (options.npz === standardOutput)
        throw new CommandError("Only the picture can go to standard output", exitCodes.usage);
      const places = options.npz === undefined ? [] : placesFor(inputs, options.npz, ".npz");
      await each(context, inputs, options, async (client, input, output, i) => {
        const body = {
          image: { type: "file_id", file_id: await upload(client, input) },
          model,
          quantize: options.quantize,
          include_depth_data: options.npz !== undefined,
          colormap: options.colormap,
          normalization: options.normalization,
          depth_format: options.depthFormat,
          input_size: options.inputSize,
          focal_length_px: options.focalLengthPx,
          invert: options.invert,
        };
        const job = await run(context, client, `/v1/image/${family}/estimate`, body, options);
        await saveFile(client, String(job.result?.depth_image_file_id), output);
        const place = places[i];
        if (place !== undefined) await saveFile(client, String(job.result?.depth_data_file_id), place);
        return job;
      });
    });

  common(program.command("upscale <inputs...>"))
    .description("make a picture larger and sharper")
    .option("--resolution <size>", "shorter side in pixels, or a factor such as 2x", size)
    .option("--softness <share>", "0 keeps the input's sharpness, 1 blurs it away first", real)
    .option("--color-fix <way>", "where the colours come from: wavelet-lab, wavelet, lab or none")
    .option("--seed <number>", "makes the result repeatable", whole)
    .option("--quality <percent>", "of JPEG and WebP", whole)
    .action(async (inputs: string[], options: Common & UpscaleOptions) => {
      requireFiles(inputs);
      await each(context, inputs, options, async (client, input, output) => {
        const body = {
          image: { type: "file_id", file_id: await upload(client, input) },
          model: options.model,
          quantize: options.quantize,
          resolution: options.resolution,
          softness: options.softness,
          color_fix: options.colorFix,
          seed: options.seed,
          quality: options.quality,
          format: formatOf(output),
        };
        const job = await run(context, client, "/v1/image/seedvr2/upscale", body, options);
        await saveFile(client, String(job.result?.file_id), output);
        return job;
      });
    });

  imageOptions(common(program.command("generate <prompt>")))
    .description("make a picture from words")
    .option("--init-image <path>", "start from this picture")
    .option("--image-strength <share>", "how much of the start picture stays, 0 to 1", real)
    .action(async (prompt: string, options: Common & GenerateOptions) => {
      requireFiles(options.initImage ? [options.initImage] : []);
      await each(context, [prompt], options, async (client, _, output) => {
        const body = {
          ...(await generateBody(client, prompt, options, output)),
          init_image: options.initImage && {
            type: "file_id",
            file_id: await upload(client, options.initImage),
          },
          image_strength: options.imageStrength,
        };
        const job = await run(context, client, "/v1/image/qwen/generate", body, options);
        await saveFile(client, String(job.result?.file_id), output);
        return job;
      });
    });

  imageOptions(common(program.command("edit <prompt> <images...>")))
    .description("change pictures as the words say")
    .action(async (prompt: string, images: string[], options: Common & GenerateOptions) => {
      requireFiles(images);
      await each(context, [prompt], options, async (client, _, output) => {
        const ids = [];
        for (const image of images) ids.push({ type: "file_id", file_id: await upload(client, image) });
        const body = { ...(await generateBody(client, prompt, options, output)), images: ids };
        const job = await run(context, client, "/v1/image/qwen/edit", body, options);
        await saveFile(client, String(job.result?.file_id), output);
        return job;
      });
    });
}

interface DepthOptions {
  colormap?: string;
  normalization?: string;
  depthFormat?: string;
  inputSize?: number;
  focalLengthPx?: number;
  invert?: boolean;
  npz?: string;
}

interface UpscaleOptions {
  resolution?: number | string;
  softness?: number;
  colorFix?: string;
  seed?: number;
  quality?: number;
}

interface GenerateOptions {
  negativePrompt?: string;
  width?: number;
  height?: number;
  steps?: number;
  guidance?: number;
  seed?: number;
  scheduler?: string;
  quality?: number;
  fast?: number;
  lora?: { path: string; scale: number }[];
  initImage?: string;
  imageStrength?: number;
}

function imageOptions(command: Command): Command {
  return command
    .option("--negative-prompt <text>", "what the picture must not show")
    .option("--width <pixels>", "a multiple of 16", whole)
    .option("--height <pixels>", "a multiple of 16", whole)
    .option("--steps <count>", "denoising steps", whole)
    .option("--guidance <number>", "how strictly to follow the prompt", real)
    .option("--seed <number>", "makes the result repeatable", whole)
    .option("--scheduler <name>", "noise schedule")
    .option("--quality <percent>", "of JPEG and WebP", whole)
    .option("--fast <steps>", "4 or 8 steps with the Lightning adapter of the settings", whole)
    .option("--lora <path[:scale]>", "a LoRA file (repeatable)", lora);
}

async function generateBody(
  client: Client,
  prompt: string,
  options: GenerateOptions & Common,
  output: string,
) {
  const loras = [];
  for (const { path, scale } of options.lora ?? [])
    loras.push({ file: { type: "file_id", file_id: await upload(client, path) }, scale });
  return {
    prompt,
    negative_prompt: options.negativePrompt,
    model: options.model,
    quantize: options.quantize,
    width: options.width,
    height: options.height,
    steps: options.steps,
    guidance: options.guidance,
    seed: options.seed,
    scheduler: options.scheduler,
    quality: options.quality,
    fast: options.fast,
    format: formatOf(output),
    ...(loras.length > 0 ? { loras } : {}),
  };
}

/** Runs `work` for each input with one server, and prints what came of it. */
async function each(
  context: CommandContext,
  inputs: readonly string[],
  options: Common,
  work: (client: Client, input: string, output: string, index: number) => Promise<Job>,
): Promise<void> {
  const places = placesFor(inputs, standardOutputOf(options.output), ".png");
  if (options.json && places.includes(standardOutput))
    throw new CommandError("--json and -o - both want standard output", exitCodes.usage);
  await using client = await anyServer(context);
  for (const [i, input] of inputs.entries()) {
    const job = await work(client, input, places[i]!, i);
    if (options.json) context.out(JSON.stringify(job));
    // what takes the picture itself may be what we print to
    else if (statSync(places[i]!, { throwIfNoEntry: false })?.isFile()) context.out(places[i]!);
  }
}

async function run(
  context: CommandContext,
  client: Client,
  path: string,
  body: Record<string, unknown>,
  options: Common,
): Promise<Job> {
  const show = options.quiet || options.json || !context.interactive ? () => {} : stepLine;
  const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
  try {
    return await runJob(client, path, given, show, context.signal);
  } finally {
    if (show === stepLine) process.stderr.write("\r\x1b[2K");
  }
}

function stepLine({ label, progress }: Step): void {
  const percent = progress === null ? "" : ` ${Math.floor(progress * 100)} %`;
  process.stderr.write(`\r\x1b[2K${label}${percent}`);
}

/** `depthpro`, `depthpro/base`, `v2-small` and `depthanything/v2-small` all name a model. */
function familyOf(name: string | undefined): [family: string, model: string | undefined] {
  if (name === undefined) return ["depthanything", undefined];
  const [family, model] = name.split("/", 2) as [string, string | undefined];
  if (model !== undefined) return [family, model];
  return family === "depthpro" || family === "depthanything"
    ? [family, undefined]
    : ["depthanything", family];
}
