import { join } from "node:path";
import { embeddedModels } from "../assets.ts";
import type { Client } from "../cli/client.ts";
import { type Choice, modelName } from "../cli/select.ts";
import type { DeviceState } from "../engine/engine.ts";
import type { Places } from "../hub/download/resources.ts";
import { asInstalled } from "../hub/installed.ts";
import { locate } from "../hub/locate.ts";
import type { Settings } from "../settings/settings.ts";
import { version } from "../version.ts";
import {
  cellsOf,
  type Grey,
  keep,
  readKept,
  requireAsKept,
  requireLike,
  requirePlausible,
  tolerances,
} from "./expectation.ts";
import { type Activated, greyOf, runProbe } from "./probe.ts";
import { scene } from "./scene.ts";
import shippedResults from "./shipped-expectation.json" with { type: "json" };
import { type Weights, weightsOf } from "./weights-hash.ts";

const size = { width: 384, height: 288 };

export interface CheckedWith {
  client: Client;
  settings: Settings;
  places: Places;
  nativeFolder: string;
  signal: AbortSignal;
  /** Keep today's result in place of the one that this machine has. */
  renew: boolean;
}

/** Runs a small job on the drawn room, as the check of a model does. */
export async function checkResult(client: Client, probe: Activated, signal: AbortSignal) {
  const job = await runProbe(client, probe, size, signal);
  return { grey: await greyOf(client, job), seconds: job.finished_at! - job.started_at! };
}

/**
 * Looks whether a model is what it should be: its weights against their published hashes, its result against what any such model
 * must give, and against the expectation that comes with easel or the one that this machine kept. Tells which of them it was.
 *
 * @throws When one of them is not met.
 */
export async function checkModel(choice: Choice, probe: Activated, machine: CheckedWith): Promise<string> {
  const { client, settings, places, signal } = machine;
  const { capability, variant } = choice;
  const name = modelName(choice);
  const own = settings.model_paths[name] !== undefined;
  const located = locate(capability.family, variant, {
    modelPaths: settings.model_paths,
    places,
    embedded: embeddedModels(machine.nativeFolder),
  });
  if (!("source" in located)) throw new Error(`lacks ${located.missing.join(", ")}`);
  const weights = await weightsOf(
    located.source.paths,
    own ? [] : asInstalled(variant, places).downloads,
    signal,
  );
  const { grey, seconds } = await checkResult(client, probe, signal);
  const device = await deviceOf(client);
  const words = [
    weightsWords(weights, variant.embedded !== undefined && !own),
    requirePlausible(grey, capability.probe.shows === "depth" ? scene(size.width, size.height) : null),
    variant.embedded !== undefined && !own
      ? asShipped(name, weights, grey, device)
      : asKept(name, weights, grey, machine, device, !own && weights.verified),
    `${seconds.toFixed(2)} s`,
  ];
  return words.join("; ");
}

/** Device of the server, known once a job has run. */
async function deviceOf(client: Client): Promise<DeviceState> {
  const { device } = (await (await client.request("/ready")).json()) as { device: DeviceState | null };
  if (!device) throw new Error("the server does not name its device");
  return device;
}

function weightsWords({ files, bytes, verified }: Weights, embedded: boolean): string {
  const what = `${files} file${files === 1 ? "" : "s"}, ${(bytes / 1e6).toFixed(1)} MB`;
  return embedded
    ? `built in, ${what}`
    : verified
      ? `published hashes, ${what}`
      : `no published hashes, ${what}`;
}

/** The models inside the binary are ours: what they give is known. */
function asShipped(name: string, weights: Weights, grey: Grey, { kind }: DeviceState): string {
  const shipped = (shippedResults as Readonly<Record<string, { weights: string; cells: number[] }>>)[name];
  if (!shipped) throw new Error("easel carries no expected result for this model");
  if (weights.hash !== shipped.weights) throw new Error("the weights are not those of this version of easel");
  const most = kind === "gpu" ? tolerances.half : tolerances.processor;
  return requireLike(cellsOf(grey), shipped.cells, most, "the result that comes with easel");
}

function asKept(
  name: string,
  weights: Weights,
  grey: Grey,
  { settings, renew }: CheckedWith,
  computes: DeviceState,
  verified: boolean,
): string {
  const file = join(settings.data_dir, "checks.json");
  const device = `${process.platform} ${process.arch} ${computes.kind} ${computes.name}`;
  const now = { weights: weights.hash, device, version, cells: cellsOf(grey) };
  const before = renew ? undefined : readKept(file)[name];
  const verdict = requireAsKept(before, now, { name, verified });
  const date = new Date().toISOString().slice(0, 10);
  const lost = verdict.keep ? keep(file, name, { ...now, date }) : undefined;
  return lost === undefined ? verdict.words : `${verdict.words}, but it could not be written (${lost})`;
}
