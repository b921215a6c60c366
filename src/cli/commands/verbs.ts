/**
 * The commands that make pictures, such as `depth` and `generate`. The families say which there are and what they take.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import type { Family, Verb, VerbOption } from "../../capabilities/family.ts";
import { type BatchOptions, batchOptions, runBatch, type Work } from "../batch.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { interval, lora, real, size, whole } from "../option-values.ts";
import {
  extensionOf,
  formatOf,
  type Inputs,
  inputsFrom,
  outputsFor,
  requireFiles,
  stemOf,
} from "../picture-paths.ts";
import { standardStream } from "../remote-file.ts";
import { bodyFor, type Choice, filesWanted } from "../verb-files.ts";
import { checkContext } from "./status.ts";

/** A family's share in a command. */
interface Share {
  family: Family;
  verb: Verb;
}

type Adapter = ReturnType<typeof lora>[number];
/** Values of options by the request's field: `input_size` is `--input-size`. */
type Values = Readonly<Record<string, unknown>>;

const readers = { whole, real, interval, size, adapter: lora } as const;
const operands = {
  pictures: "<pictures...>",
  prompt: "<prompt>",
  "prompt and pictures": "<prompt> <pictures...>",
} as const;

export function registerVerbs(program: Command, context: CommandContext): void {
  const shares = context.capabilities.flatMap((family) => family.verbs.map((verb) => ({ family, verb })));
  for (const [name, offering] of Map.groupBy(shares, ({ verb }) => verb.name))
    register(program, context, name, offering);
}

function register(program: Command, context: CommandContext, name: string, shares: readonly Share[]): void {
  const { verb } = shares[0]!;
  const command = batchOptions(program.command(`${name} ${operands[verb.takes]}`));
  command.description(
    verb.takes === "pictures"
      ? `${verb.summary}: files, folders of pictures, or - for standard input`
      : verb.summary,
  );
  const options = new Map(shares.flatMap(({ verb }) => verb.options).map((option) => [option.name, option]));
  for (const option of options.values()) command.addOption(optionOf(option));
  addFileOptions(command, verb);
  command.action(async (...args: unknown[]) => {
    const given = command.opts<BatchOptions & Record<string, unknown>>();
    const { share, model } = choose(context, shares, given.model);
    const values = Object.fromEntries(
      [...options.keys()]
        .map((field) => [field, given[camelOf(field)]])
        .filter(([, value]) => value !== undefined),
    );
    requireOptions(share, values);
    const [first, second] = args as [string | string[], string[] | undefined];
    const prompt = verb.takes === "pictures" ? undefined : (first as string);
    const pictures = verb.takes === "prompt" ? [] : verb.takes === "pictures" ? (first as string[]) : second!;
    await make(context, share, { prompt, pictures, model, values, options: given });
  });
}

/** Options that say which of several files is made, and that pictures are frames. */
function addFileOptions(command: Command, { files, sequence }: Verb): void {
  if (files) {
    const names = files.map(({ name }) => name).join(", ");
    command.option(
      "--as <names>",
      `which files, separated by commas: ${names} (default: what the output ends in)`,
    );
    for (const { name, option } of files) if (option) command.option(`--${name}`, option);
  }
  if (sequence) command.option("--temporal", sequence.help);
}

function optionOf({ name, value, help, kind }: VerbOption): Option {
  const option = new Option(`--${name.replaceAll("_", "-")}${value ? ` ${value}` : ""}`, help);
  return kind in readers
    ? option.argParser(readers[kind as keyof typeof readers] as (text: string) => unknown)
    : option;
}

const camelOf = (field: string) => field.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** `depthpro`, `depthpro/base` and `base` all name a model. */
function choose(
  context: CommandContext,
  shares: readonly Share[],
  name = "",
): { share: Share; model?: string } {
  const [family, variant] = name.split("/", 2) as [string, string | undefined];
  const named = shares.find((share) => share.family.family === family);
  if (named) return variant ? { share: named, model: variant } : { share: named };
  if (variant !== undefined)
    throw new CommandError(
      `There is no family ${family} for this command; choose one of ${shares.map((each) => each.family.family).join(", ")}`,
      exitCodes.usage,
    );
  if (name === "") return { share: usual(context, shares) };
  const having = shares.filter((share) =>
    share.family.variants.some((each) => each.name === name || each.aliases.includes(name)),
  );
  if (having.length > 1)
    throw new CommandError(
      `Several families have a model ${name}: ${having.map((share) => `${share.family.family}/${name}`).join(", ")}`,
      exitCodes.usage,
    );
  // The server knows how to refuse an unknown model.
  return { share: having[0] ?? usual(context, shares), model: name };
}

/** Without `--model`: a family whose model is built in, else one whose model is here, else the first. */
function usual(context: CommandContext, shares: readonly Share[]): Share {
  if (shares.length === 1) return shares[0]!;
  const builtIn = shares.find(({ family }) => family.variants.some(({ embedded }) => embedded !== undefined));
  if (builtIn) return builtIn;
  const look = checkContext(context);
  return (
    shares.find(({ family }) => "source" in look.activation(family.family, family.defaultVariant(look))) ??
    shares[0]!
  );
}

/** An option of another family would be ignored in silence. */
function requireOptions({ family, verb }: Share, values: Values): void {
  const strange = Object.keys(values).find((field) => !verb.options.some(({ name }) => name === field));
  if (strange !== undefined)
    throw new CommandError(
      `--${strange.replaceAll("_", "-")} has no meaning for ${family.family}`,
      exitCodes.usage,
    );
}

interface Request {
  prompt: string | undefined;
  pictures: readonly string[];
  model: string | undefined;
  values: Values;
  options: BatchOptions & Record<string, unknown>;
}

async function make(context: CommandContext, { family, verb }: Share, request: Request): Promise<void> {
  const { prompt, pictures, model, values, options } = request;
  const ofKind = (kind: VerbOption["kind"]) =>
    verb.options.filter((option) => option.kind === kind && option.name in values);
  const beside = [
    ...ofKind("picture").map(({ name }) => values[name] as string),
    ...ofKind("adapter").flatMap(({ name }) =>
      (values[name] as Adapter[]).map(({ path }) => path).filter((path) => !isStored(path)),
    ),
    ...(verb.takes === "prompt and pictures" ? pictures : []),
  ];
  requireFiles(beside);
  const inputs = { ...inputsOf(verb, prompt, pictures), beside };
  const { files, sequence } = verb;
  const wanted = files && filesWanted(verb, files, inputs, choiceOf(files, options));
  const outputs = wanted
    ? []
    : outputsFor(inputs, options.output, { suffix: verb.suffix, extension: extensionOf(verb.formats[0]!) });
  const formats = outputs.map((path) => formatOf(path, verb.formats));
  const places = inputs.list.map((_, i) => wanted?.map((each) => each.places[i]!) ?? [outputs[i]!]);
  const copies = ofKind("copy").map((option) => {
    if (values[option.name] === standardStream)
      throw new CommandError("Only the picture can go to standard output", exitCodes.usage);
    const naming = { suffix: verb.suffix, extension: option.extension ?? "" };
    return { from: option.from!, places: outputsFor(inputs, values[option.name] as string, naming) };
  });
  const temporal = options.temporal === true ? sequence : undefined;
  let following: Record<string, unknown> = {};
  await runBatch(context, inputs.list, places, options, async (each, input, i) => {
    const job = await each.run(`/v1/${family.domain}/${family.family}${verb.path}`, {
      ...(prompt !== undefined && { prompt }),
      ...(verb.takes === "pictures" && { image: await each.upload(input.path) }),
      ...(verb.takes === "prompt and pictures" && { images: await uploadAll(each, pictures) }),
      model,
      quantize: options.quantize,
      ...(verb.formats.length > 1 && { format: formats[i] }),
      ...following,
      ...(await fieldsOf(each, verb, values)),
      ...(wanted && bodyFor(wanted)),
      ...temporal?.body,
    });
    const result = job.result ?? {};
    if (temporal) {
      const { body, file } = temporal.follow(result);
      following = body;
      each.keepForNext(file);
    }
    if (wanted) for (const { file, places } of wanted) await each.save(file.fileId(result), places[i]!);
    else await each.save(result[verb.result], outputs[i]!);
    for (const { from, places } of copies) await each.save(result[from], places[i]!);
    return job;
  });
}

const choiceOf = (files: NonNullable<Verb["files"]>, options: Request["options"]): Choice => ({
  as: options.as as string | undefined,
  flags: files.filter(({ name, option }) => option && options[name] === true).map(({ name }) => name),
  output: options.output,
});

/** Pictures are one job each, unless a prompt makes them the input of one. */
function inputsOf({ takes }: Verb, prompt: string | undefined, pictures: readonly string[]): Inputs {
  if (takes === "prompt")
    return { list: [{ path: "", label: "prompt", stem: stemOf(prompt!) }], several: false };
  const inputs = inputsFrom(pictures);
  return takes === "pictures" ? inputs : { list: [inputs.list[0]!], several: false };
}

async function uploadAll(each: Work, paths: readonly string[]) {
  const references = [];
  for (const path of paths) references.push(await each.upload(path));
  return references;
}

/** Whether an adapter is named in the folder `lora_dir`: a file of that path here is meant first. */
const isStored = (path: string) => !/^[./~]/.test(path) && !existsSync(path);

/** The request's fields that options give. */
async function fieldsOf(each: Work, { options }: Verb, values: Values): Promise<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const { name, kind, asks } of options) {
    const value = values[name];
    if (kind === "copy") {
      if (asks !== undefined) fields[asks] = value !== undefined;
    } else if (value === undefined) continue;
    else if (kind === "picture") fields[name] = await each.upload(value as string);
    else if (kind === "adapter") {
      const adapters = [];
      for (const { path, scale } of value as Adapter[])
        adapters.push({ file: isStored(path) ? { lora: path } : await each.upload(path), scale });
      fields[`${name}s`] = adapters;
    } else fields[name] = value;
  }
  return fields;
}
