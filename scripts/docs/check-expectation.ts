/**
 * Writes `src/check/shipped-expectation.json`: what the model inside the binary gives for the drawn room of `easel check`. To be run when
 * its weights change: `bun scripts/docs/check-expectation.ts`.
 *
 * @module
 */

import { join } from "node:path";
import { depthanything } from "../../src/capabilities/depthanything/index.ts";
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
const { grey } = await checkResult(client, { family: depthanything, variant: "mini" }, signal);
const weights = await weightsOf([join(root, "assets/mini/mini.safetensors")], [], signal);
const text = JSON.stringify({ weights: weights.hash, cells: cellsOf(grey) }, null, 2);
await Bun.write(join(root, "src/check/shipped-expectation.json"), `${text}\n`);
await client[Symbol.asyncDispose]();
const format = Bun.spawn([join(root, "node_modules/.bin/biome"), "check", "--write", "src/cli"]);
process.exit(await format.exited);
