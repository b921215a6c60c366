import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { families } from "../../../../src/capabilities/registry.ts";
import { registerCache } from "../../../../src/cli/commands/cache.ts";
import { registerCompletion, wordsOf } from "../../../../src/cli/commands/completion.ts";
import { registerPlan } from "../../../../src/cli/commands/plan.ts";
import type { CommandContext } from "../../../../src/cli/context.ts";
import { hubEnv } from "../../../../src/hub/download/hub.ts";
import { defaultSettings, type SomeSettings } from "../../../../src/settings/load.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-plan-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function run(args: string[], overrides: SomeSettings = {}) {
  const out: string[] = [];
  const settings = { ...defaultSettings(), cache_dir: folder, ...overrides };
  const context = {
    capabilities: families,
    settings: () => settings,
    places: () => ({ hub: hubEnv({ HF_HOME: folder }), downloads: folder }),
    out: (text: string) => out.push(text),
  } as unknown as CommandContext;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const register of [registerPlan, registerCache, registerCompletion]) register(program, context);
  const error = await program.parseAsync(args, { from: "user" }).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  return { out: out.join("\n"), error, program };
}

describe("easel plan", () => {
  const peak = async (...args: string[]) =>
    JSON.parse((await run(["plan", ...args, "--json"])).out).peak_bytes as number;

  test("grows with the bits and with the size", async () => {
    const small = await peak("seedvr2", "--model", "3b", "--size", "1024", "--quantize", "4");
    expect(await peak("seedvr2", "--model", "3b", "--size", "1024", "--quantize", "8")).toBeGreaterThan(
      small,
    );
    expect(await peak("seedvr2", "--model", "3b", "--size", "4096", "--quantize", "4")).toBeGreaterThan(
      small,
    );
    expect(await peak("seedvr2", "--model", "7b", "--size", "1024", "--quantize", "4")).toBeGreaterThan(
      small,
    );
  });

  test("of Qwen-Image goes by the files that are here, else by the published ones", async () => {
    const args = ["plan", "qwen", "--quantize", "8", "--size", "1024", "--steps", "20", "--json"];
    const bytesOf = async (overrides: SomeSettings) => {
      const { phases } = JSON.parse((await run(args, overrides)).out) as {
        phases: { parts: { name: string; bytes: number }[] }[];
      };
      return Object.fromEntries(phases.flatMap(({ parts }) => parts.map(({ name, bytes }) => [name, bytes])));
    };
    const published = await bytesOf({});
    expect((published.transformer! + published.modulation!) / 1e9).toBeGreaterThan(21.5);
    const fixture = join(import.meta.dir, "../../../fixtures/qwen/image");
    const tiny = await bytesOf({ model_paths: { "qwen/image": fixture } });
    expect(tiny.transformer! + tiny.modulation!).toBeLessThan(2e6);
    expect(tiny.text_encoder).toBeLessThan(1e6);
  });

  test("takes a model as family/name", async () => {
    expect(await peak("seedvr2/7b", "--quantize", "4")).toBe(
      await peak("seedvr2", "--model", "7b", "--quantize", "4"),
    );
  });

  test.each([
    [["depthanything", "--size", "100000"], "depthanything_max_input_pixels"],
    [["depthpro/base", "--size", "100000"], "depthpro_max_input_pixels"],
    [["seedvr2/3b", "--size", "100000"], "pixels"],
    [["qwen/image", "--size", "100000"], "exceeds the cap 2048x2048"],
    [["qwen/image", "--width", "1000", "--height", "1001"], "multiples of 16"],
    [["qwen/image", "--steps", "1000"], "steps must be in 1..100"],
    [["depthanything/mini", "--quantize", "7"], "quantize must be one of 3, 4, 5, 6, 8"],
    [["depthpro", "--steps", "4"], "works in one step: leave out --steps"],
    [["seedvr2", "--steps", "4"], "works in one step: leave out --steps"],
  ] as const)("refuses %j like the routes do", async (args, words) => {
    expect((await run(["plan", ...args])).error?.message).toContain(words);
  });

  test("ends with a code of its own when the request does not fit, and says what to change", async () => {
    const { out, error } = await run(["plan", "seedvr2", "--model", "7b"], { memory_limit_gb: 2 });
    expect(error).toMatchObject({ exitCode: 4 });
    expect(out).toContain("Budget of this machine: 2.00 GB");
    expect(out).toMatch(/It does not fit: ask for .*, or set memory_limit_gb to \d+\.\d or more\./);
  });

  test("names the families when there is none of that name", async () => {
    expect((await run(["plan", "nothing"])).error?.message).toContain("depthpro, depthanything, seedvr2");
    expect((await run(["plan", "seedvr/3b"])).error?.message).toContain("Did you mean seedvr2?");
    expect((await run(["plan", "seedvr2", "--model", "9b"])).error?.message).toContain(
      "available: ['3b', '7b', 'mini']",
    );
    expect((await run(["plan", "seedvr2", "--quantize", "7"])).error?.message).toContain("3, 4, 5, 6, 8");
  });
});

describe("easel cache", () => {
  function put(path: string, bytes: number, age_s: number) {
    const full = join(folder, path);
    mkdirSync(join(full, ".."), { recursive: true });
    writeFileSync(full, new Uint8Array(bytes));
    const time = Date.now() / 1000 - age_s;
    utimesSync(full, time, time);
    return full;
  }

  test("prune removes older native parts and leaves the newest and every download", async () => {
    const newest = put("native-new/lib.so", 1000, 10);
    const old = put("native-old/lib.so", 1000, 1000);
    const model = put("downloads/depth.pt", 5000, 9000);
    expect((await run(["cache"])).out).toContain("native parts");
    for (const name of ["a", "b", "c"]) put(`prompts/${name}.text`, 1_000_000, 10);
    expect((await run(["cache"])).out).toMatch(/prompts\s+3 of them\s+3\.0 MB/);
    const { out } = await run(["cache", "prune"]);
    expect(out).toBe("removed: native-old (0.0 MB)");
    expect([existsSync(newest), existsSync(old), existsSync(model)]).toEqual([true, false, true]);
  });

  test("prune keeps the cache below cache_max_gb, oldest first", async () => {
    const fresh = put("quantized/a/weights", 400, 10);
    const stale = put("quantized/b/weights", 400, 5000);
    const prompts = put("prompts/c", 400, 100);
    await run(["cache", "prune"], { cache_max_gb: 1000e-9 });
    expect([existsSync(fresh), existsSync(prompts), existsSync(stale)]).toEqual([true, true, false]);
    await run(["cache", "prune", "--all"]);
    expect(existsSync(fresh)).toBe(false);
    expect((await run(["cache", "prune"])).out).toBe("Nothing to remove.");
  });
});

describe("easel completion", () => {
  test("knows every command and option", async () => {
    const { program } = await run(["completion", "bash"]);
    const words = wordsOf(program);
    expect(words.get("")).toContain("plan");
    expect(words.get("cache")).toContain("prune");
    expect(words.get("plan")).toContain("--quantize");
  });

  test("bash completes from its script", async () => {
    const { out } = await run(["completion", "bash"]);
    const script = join(folder, "easel.bash");
    writeFileSync(script, out);
    const complete = (line: string) => {
      const words = line.split(" ");
      const setup = `source ${script}; COMP_WORDS=(${words.map((word) => `"${word}"`).join(" ")}); COMP_CWORD=${words.length - 1}; _easel; echo "\${COMPREPLY[*]}"`;
      return Bun.spawnSync(["bash", "-c", setup]).stdout.toString().trim();
    };
    expect(complete("easel pl")).toBe("plan");
    expect(complete("easel cache pr")).toBe("prune");
    expect(complete("easel plan depthpro --qu")).toBe("--quantize");
  });
});
