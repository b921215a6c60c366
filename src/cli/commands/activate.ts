import type { Command } from "commander";
import { allDownloads, chosenDownload } from "../../capabilities/downloads.ts";
import { DownloadError } from "../../hub/download/errors.ts";
import {
  type ActivationEvent,
  activate,
  deactivate,
  distinct,
  hasTraces,
  label,
} from "../../hub/download/resources.ts";
import { asInstalled, isWhole, mostBits, neededBy } from "../../hub/installed.ts";
import { confirmed } from "../confirm.ts";
import { type CommandContext, CommandError, exitCodes } from "../context.ts";
import { positive } from "../option-values.ts";
import { progressLines } from "../output/progress.ts";
import { gigabytes } from "../output/table.ts";
import { Interrupted } from "../process.ts";
import { type Choice, choices, type Filters, fullName, hasFilter, modelName, select } from "../select.ts";
import { collect, defaultOf } from "./status.ts";

interface ActivateOptions extends Filters {
  acceptLicense?: boolean;
  json?: boolean;
  yes?: boolean;
  fast?: boolean;
  bits?: number;
}

function withFilters(command: Command): Command {
  return command
    .option("--all", "every model")
    .option("--free", "every model whose licence allows commercial use")
    .option("--domain <name>", "every model of this domain (repeatable)", collect)
    .option("--family <name>", "every model of this family (repeatable)", collect)
    .option("--repo <name>", "every model from this repository (repeatable)", collect)
    .option("--model <name>", "the same as naming the model (repeatable)", collect)
    .option("--yes", "do not ask")
    .option("--json", "print events as JSON lines");
}

export function registerActivate(program: Command, context: CommandContext): void {
  withFilters(program.command("activate [models...]").alias("pull"))
    .description("download models, named as family/name; resumes an interrupted download")
    .option("--accept-license", "accept licences that forbid commercial use")
    .option(
      "--bits <bits>",
      "a copy in so many bits, as another publisher has it: a smaller download",
      positive,
    )
    .option("--fast", "also the adapters for few steps, where a model has them")
    .action(async (models: string[], given: ActivateOptions) => {
      const options = { ...given, model: [...models, ...(given.model ?? [])] };
      const all = await selection(context, options, "activate");
      const selected = withDownloads(all, options);
      requireLicences(selected, options);
      sayOtherSources(selected, context, options.json ?? false);
      const ownPaths = context.settings().model_paths;
      const wanted = selected.filter((choice) => ownPaths[modelName(choice)] === undefined);
      const show = options.json
        ? (event: ActivationEvent) => context.out(JSON.stringify(event))
        : progressLines(context);
      sayMoreBits(all, options, context);
      await activate(
        wanted.flatMap(({ variant }) => variant.downloads),
        context.places(),
        { on: show, signal: context.signal },
      ).catch((error: Error) => {
        if (context.signal.aborted)
          throw new Interrupted(
            (context.signal.reason as Interrupted).exitCode,
            `${error.message}; the same command resumes it`,
          );
        if (error instanceof DownloadError && error.code === "unreachable")
          throw new CommandError(`${error.message}\n${withoutNetwork(wanted[0]!)}`);
        throw error;
      });
    });
}

export function registerDeactivate(program: Command, context: CommandContext): void {
  withFilters(program.command("deactivate [models...]").alias("rm"))
    .description("remove models from this machine's caches")
    .action(async (models: string[], given: ActivateOptions) => {
      const options = { ...given, model: [...models, ...(given.model ?? [])] };
      const selected = await selection(context, options, "deactivate");
      const published = new Set(selected.flatMap(({ variant }) => variant.downloads));
      const downloads = distinct(
        selected
          .flatMap(({ variant }) => allDownloads(variant))
          .filter((download) => published.has(download) || hasTraces(download, context.places())),
      );
      const list = downloads.map(label).join(", ");
      if (!options.yes && !(await confirmed(context, `Remove ${list}? Other programs may use these files.`)))
        return;
      const kept = downloadsOfOthers(context, selected);
      for (const choice of selected.filter(({ variant }) => variant.embedded !== undefined && !options.json))
        context.out(`${fullName(choice)} is built in and stays`);
      for (const download of downloads) {
        const removed = deactivate(download, context.places(), kept);
        context.out(
          options.json
            ? JSON.stringify({ event: removed ? "removed" : "missing", label: label(download) })
            : `${removed ? "removed" : "not there"}: ${label(download)}`,
        );
      }
    });
}

/** Downloads that complete models need which are not removed. */
function downloadsOfOthers(context: CommandContext, selected: readonly Choice[]) {
  const going = new Set(selected.map(({ variant }) => variant));
  const others = context.capabilities.flatMap(({ variants }) => variants);
  return neededBy(
    others.filter((variant) => !going.has(variant)),
    context.places(),
  );
}

/** The models with the downloads that the options ask for. */
const withDownloads = (selected: readonly Choice[], { bits, fast }: ActivateOptions): Choice[] =>
  selected.map((choice) => ({
    ...choice,
    variant: chosenDownload(modelName(choice), choice.variant, { bits, fast }),
  }));

/** Of several downloads of a model the one with the most bits is used. */
function sayMoreBits(all: readonly Choice[], { bits }: ActivateOptions, context: CommandContext): void {
  if (bits === undefined) return;
  for (const choice of all) {
    const installed = asInstalled(choice.variant, context.places());
    if ((installed.bits ?? mostBits) > bits && isWhole(installed.downloads, context.places()))
      context.err(
        `note: ${modelName(choice)} is here with more bits, which stay in use. To use the copy, remove what is here with easel deactivate ${modelName(choice)}, and activate it again`,
      );
  }
}

const withoutNetwork = (choice: Choice) =>
  `Without a network, copy the model's files here and name their folder: EASEL_MODEL_PATHS='{"${modelName(choice)}": "<folder>"}'`;

/** Says which models need no download, and refuses those that cannot be downloaded. */
function sayOtherSources(selected: readonly Choice[], context: CommandContext, quiet: boolean): void {
  const own = context.settings().model_paths;
  for (const choice of selected.filter((each) => own[modelName(each)] !== undefined))
    if (!quiet) context.out(`${modelName(choice)} is read from your model_paths: nothing to download`);
  for (const choice of selected.filter(({ variant }) => variant.downloads.length === 0)) {
    const { capability, variant } = choice;
    if (own[modelName(choice)] !== undefined) continue;
    if (variant.embedded === undefined && selected.length === 1)
      throw new CommandError(
        `${fullName(choice)} cannot be downloaded: give its place in the setting model_paths, ` +
          `{"${capability.family}/${variant.name}": "<folder or file>"}`,
      );
    if (variant.embedded !== undefined && !quiet) context.out(`${fullName(choice)} is built in`);
  }
}

async function selection(context: CommandContext, options: ActivateOptions, verb: string): Promise<Choice[]> {
  const every = choices(context.capabilities, (family) => defaultOf(context, family));
  if (hasFilter(options)) return select(every, options);
  if (!context.interactive)
    throw new CommandError(
      `Name a model to ${verb}, as FAMILY/NAME; or give --family NAME, --free or --all`,
      exitCodes.usage,
    );
  const { multiselect, isCancel } = await import("@clack/prompts");
  const answer = await multiselect({
    message: `Models to ${verb}`,
    required: false,
    options: every
      .filter(({ variant }) => variant.downloads.length > 0)
      .map((choice) => ({
        value: choice,
        label: `${fullName(choice)}${choice.default ? " default" : ""} ${gigabytes(choice.variant.diskGb)}`,
      })),
  });
  if (isCancel(answer) || answer.length === 0) throw new CommandError("No models selected.");
  return answer;
}

function requireLicences(selected: readonly Choice[], options: ActivateOptions): void {
  if (options.acceptLicense) return;
  const strict = selected.filter(({ variant }) => !variant.licence.commercial);
  if (strict.length === 0) return;
  const list = strict.map(
    (choice) => `  ${fullName(choice)}: ${choice.variant.licence.name} (${choice.variant.licence.url})`,
  );
  throw new CommandError(
    `These licences forbid commercial use; add --accept-license to accept them:\n${list.join("\n")}`,
    exitCodes.usage,
  );
}
