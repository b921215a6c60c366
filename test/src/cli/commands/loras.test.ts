import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { families } from "../../../../src/capabilities/registry.ts";
import { registerLoras } from "../../../../src/cli/commands/loras.ts";
import { type CommandContext, CommandError } from "../../../../src/cli/context.ts";
import { hubEnv } from "../../../../src/hub/download/hub.ts";
import { defaultSettings } from "../../../../src/settings/load.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-loras-command-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function loras(...args: string[]) {
  const out: string[] = [];
  // Port 9 has no server.
  const settings = { ...defaultSettings(), lora_dir: folder, port: 9 };
  const context = {
    capabilities: families,
    settings: () => settings,
    places: () => ({ hub: hubEnv({ HF_HOME: folder }), downloads: folder }),
    env: {},
    out: (text: string) => out.push(text),
  } as unknown as CommandContext;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  registerLoras(program, context);
  const error = await program.parseAsync(["loras", ...args], { from: "user" }).then(
    () => undefined,
    (error: unknown) => error as CommandError,
  );
  return { out: out.join("\n"), error };
}

/** An adapter of one layer, in safetensors. */
function adapter(name: string, layer: string, width: number) {
  const bytes = 2 * width * 4;
  const header = JSON.stringify({
    [`${layer}.lora_A.weight`]: { dtype: "F32", shape: [2, width], data_offsets: [0, bytes] },
    [`${layer}.lora_B.weight`]: { dtype: "F32", shape: [width, 2], data_offsets: [bytes, 2 * bytes] },
  });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(join(folder, name), Buffer.concat([length, Buffer.from(header), Buffer.alloc(2 * bytes)]));
}

test("a model is named with or without its family", async () => {
  adapter("ink.safetensors", "diffusion_model.layers.0.attention.to_q", 3840);
  for (const model of ["turbo", "zimage/turbo"]) {
    const { out } = await loras("--model", model, "--json");
    expect((JSON.parse(out) as { name: string }[]).map(({ name }) => name)).toEqual(["ink.safetensors"]);
  }
  expect((await loras("--model", "flux2/klein-4b")).out).toBe(`No adapter in ${folder} fits that.`);
});

test("a name that no family or model has is an error that names what may be meant", async () => {
  const { error } = await loras("--family", "zimag");
  expect(error).toBeInstanceOf(CommandError);
  expect(error?.message).toBe("No family is called zimag. Did you mean zimage?");
  expect((await loras("--model", "flux2/klein4b")).error?.message).toContain("Did you mean flux2/klein-4b?");
});

test("an empty folder is named", async () => {
  expect((await loras()).out).toBe(`There are no adapters in ${folder}.`);
});
