/**
 * Writes `src/check/shipped-expectation.json`: results of the built-in models for the drawn room of `easel check`. To be run when
 * their weights change: `bun scripts/docs/check-expectation.ts`.
 *
 * @module
 */

import { join } from "node:path";
import { families } from "../../src/capabilities/registry.ts";
import { cellsOf } from "../../src/check/expectation.ts";
import { checkResult } from "../../src/check/model.ts";
import { weightsOf } from "../../src/check/weights-hash.ts";
import { localServer } from "../../src/cli/local-server.ts";
import { thisProcess } from "../../src/cli/process.ts";
import { loadSettings } from "../../src/settings/load.ts";

const root = join(import.meta.dir, "../..");
const own = thisProcess(() => new Worker(new URL("../../src/worker.ts", import.meta.url)));
const { signal } = new AbortController();
await using client = await localServer(loadSettings({ env: { HOME: "/nonexistent" } }), own, signal);
const builtIn = families.flatMap((family) =>
  family.variants.flatMap(({ name, embedded }) =>
    embedded === undefined ? [] : [{ family, name, embedded }],
  ),
);
const results: Record<string, { weights: string; cells: number[] }> = {};
for (const { family, name, embedded } of builtIn) {
  const { grey } = await checkResult(client, { family, variant: name }, signal);
  const weights = await weightsOf([join(root, "assets/mini", embedded)], [], signal);
  results[`${family.family}/${name}`] = { weights: weights.hash, cells: cellsOf(grey) };
}
const text = JSON.stringify(results, null, 2);
await Bun.write(join(root, "src/check/shipped-expectation.json"), `${text}\n`);
await client[Symbol.asyncDispose]();
const format = Bun.spawn([join(root, "node_modules/.bin/biome"), "check", "--write", "src/check"]);
process.exit(await format.exited);
