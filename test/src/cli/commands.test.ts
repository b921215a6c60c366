import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import type { Variant } from "../../../src/capabilities/capability.ts";
import type { Family } from "../../../src/capabilities/family.ts";
import { registerActivate, registerDeactivate } from "../../../src/cli/commands/activate.ts";
import { registerStatus } from "../../../src/cli/commands/status.ts";
import { type CommandContext, CommandError } from "../../../src/cli/context.ts";
import { hubEnv } from "../../../src/hub/download/hub.ts";
import { defaultSettings, loadSettings } from "../../../src/settings/load.ts";
import { hubServer } from "../hub/hub-server.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-cli-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const weights = new TextEncoder().encode("weights");
const variant = (name: string, more: Partial<Variant> = {}): Variant => ({
  name,
  aliases: [`alias-${name}`],
  repo: "org/model",
  features: ["depth"],
  licence: { name: "Apache-2.0", url: "https://example.org/licence", commercial: true },
  downloads: [{ kind: "huggingface", repo: "org/model", revision: "main", files: [`${name}.safetensors`] }],
  diskGb: 1.5,
  ...more,
});
const family = (name: string, variants: Variant[]): Family => ({
  family: name,
  domain: "image",
  label: name,
  title: name,
  summary: name,
  description: name,
  variants,
  defaultVariant: () => variants[0]!.name,
  operations: [],
  settings: {},
  verbs: [],
  probe: { shows: "picture", request: () => ({ path: "", body: {} }) },
});
const strict = { name: "CC-BY-NC-4.0", url: "https://example.org/nc", commercial: false };
const capabilities = [
  family("depthanything", [variant("small"), variant("large", { licence: strict, repo: "org/other" })]),
  family("depthpro", [variant("base", { downloads: [], diskGb: 0, embedded: "base" })]),
];

/** A model that others publish in fewer bits. */
const copied = family("copied", [
  variant("base", {
    copies: [
      {
        bits: 4,
        repo: "org/copy",
        diskGb: 0.5,
        downloads: [{ kind: "huggingface", repo: "org/copy", revision: "main", files: ["four.safetensors"] }],
        licence: { name: "MIT", url: "https://example.org/mit", commercial: true },
      },
    ],
  }),
]);

async function run(
  args: string[],
  hubUrl = "http://127.0.0.1:9",
  model_paths: Record<string, string> = {},
  port = 9,
  families = capabilities,
) {
  const out: string[] = [];
  const err: string[] = [];
  const settings = { ...defaultSettings(), model_paths, port };
  const context: CommandContext = {
    capabilities: families,
    loaded: () => loadSettings({ env: { HOME: folder } }),
    settings: () => settings,
    settingsFile: () => null,
    localServer: () => Promise.reject(new Error("no server here")),
    places: () => ({
      hub: hubEnv({ HF_ENDPOINT: hubUrl, HF_HOME: folder }),
      downloads: join(folder, "downloads"),
    }),
    env: {},
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    interactive: false,
    terminal: false,
    signal: new AbortController().signal,
  };
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const register of [registerStatus, registerActivate, registerDeactivate]) register(program, context);
  const error = await program.parseAsync(args, { from: "user" }).then(
    () => undefined,
    (error: unknown) => error as CommandError,
  );
  return { out: out.join("\n"), err: err.join("\n"), error };
}

describe("easel status", () => {
  test("shows for each model its state, its size, what it takes, and its licence", async () => {
    const { out } = await run(["status"]);
    expect(out).toContain(
      [
        "Model                  State     Download  Memory  Fits here  Licence",
        "depthanything/small *  missing   1.5 GB    -       -          Apache-2.0",
        "depthanything/large    missing   1.5 GB    -       -          CC-BY-NC-4.0, no commercial use",
        "depthpro/base *        built-in  -         -       -          Apache-2.0",
      ].join("\n"),
    );
    expect(out).toContain("easel activate FAMILY/NAME");
    expect((await run(["list"])).out).toBe(out);
  });

  test("shows what is missing, and the command that brings it, when asked for all", async () => {
    const { out } = await run(["status", "--verbose", "large"]);
    expect(out).toContain("missing  hf_snapshot  org/model\n           missing: large.safetensors");
    expect(out).toContain("Run: easel activate depthanything/large --accept-license");
  });

  test("prints the same as JSON", async () => {
    const { out } = await run(["status", "--json", "--family", "depthanything"]);
    const models = JSON.parse(out) as { name: string; status: string; resources: { missing: string[] }[] }[];
    expect(models.map(({ name, status }) => [name, status])).toEqual([
      ["small", "missing"],
      ["large", "missing"],
    ]);
    expect(models[0]!.resources[0]!.missing).toEqual(["small.safetensors"]);
  });

  test("says which models are paths of the operator", async () => {
    const { out } = await run(["status", "--json", "--model", "depthanything/small"], undefined, {
      "depthanything/small": folder,
    });
    expect(JSON.parse(out)[0].status).toBe("local");
    const gone = { "depthanything/small": join(folder, "gone") };
    const absent = await run(["status", "--json", "--model", "depthanything/small"], undefined, gone);
    expect(JSON.parse(absent.out)[0]).toMatchObject({
      status: "missing",
      resources: [{ kind: "local_path", label: 'model_paths["depthanything/small"]' }],
    });
  });

  test("takes what a running server has, and bears one that does not know a family", async () => {
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/health") return Response.json({ status: "ok", memory: { budget_gb: 4 } });
        if (pathname === "/v1/image/depthanything/models")
          return Response.json([{ name: "small", activated: true }]);
        return Response.json({ detail: "no such route", code: "not_found" }, { status: 404 });
      },
    });
    const { out, error } = await run(["status"], undefined, {}, server.port);
    expect(error).toBeUndefined();
    expect(out).toStartWith(`As the running server at http://127.0.0.1:${server.port} has them.`);
    expect(out).toContain("depthanything/small *  local ");
    expect(out).toContain("depthanything/large    missing ");
    expect(out).toContain("budget is 4.0 GB");
  });

  test("refuses a filter that names nothing, also beside one that fits", async () => {
    const { error } = await run(["status", "--family", "depthpro", "--family", "nothing"]);
    expect(error?.message).toBe("No family is called nothing. easel status lists them");
    const slip = await run(["status", "depthanything/smal"]);
    expect([slip.error?.message, slip.error?.exitCode]).toEqual([
      "No model is called depthanything/smal. Did you mean depthanything/small?",
      2,
    ]);
  });
});

describe("easel activate", () => {
  test("downloads what the filters name", async () => {
    using hub = hubServer({ "small.safetensors": weights });
    const { error, out } = await run(["activate", "--model", "depthanything/small"], hub.url);
    expect(error).toBeUndefined();
    expect(out.split("\n")).toEqual(["activate: org/model", "  [ok] org/model"]);
    const { out: status } = await run(["status", "--json", "--model", "depthanything/small"], hub.url);
    expect(JSON.parse(status)[0].status).toBe("ready");
  });

  test("takes the model's name as it is, and ollama's word", async () => {
    using hub = hubServer({ "small.safetensors": weights });
    const { error } = await run(["pull", "depthanything/small"], hub.url);
    expect(error).toBeUndefined();
    expect((await run(["rm", "--yes", "small"], hub.url)).out).toBe("removed: org/model");
  });

  test("takes every model that is free for commercial use with --free", async () => {
    using hub = hubServer({ "small.safetensors": weights });
    const { error, out } = await run(["activate", "--free"], hub.url);
    expect(error).toBeUndefined();
    expect(out).toContain("depthpro/base is built in");
    expect(hub.seen.some(({ path }) => path.includes("small"))).toBe(true);
    expect(hub.seen.some(({ path }) => path.includes("large"))).toBe(false);
  });

  test("prints one JSON object a line for programs", async () => {
    using hub = hubServer({ "small.safetensors": weights });
    const { out } = await run(["activate", "--json", "--repo", "alias-small"], hub.url);
    const events = out.split("\n").map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toContain("downloaded");
    expect(events.find(({ event }) => event === "file")).toMatchObject({ file: "small.safetensors" });
  });

  test("fetches the copy with the bits that were asked for, and deactivate removes it", async () => {
    using hub = hubServer({ "four.safetensors": weights.slice(1) });
    const of = (args: string[]) => run(args, hub.url, {}, 9, [copied]);
    const { error, out } = await of(["activate", "copied/base", "--bits", "4"]);
    expect([error, out]).toEqual([undefined, "activate: org/copy\n  [ok] org/copy"]);
    const [model] = JSON.parse((await of(["status", "--json", "copied/base"])).out);
    expect(model).toMatchObject({ status: "ready", bits: 4, size_gb: 0.5, licence: "MIT" });
    expect(model.resources).toMatchObject([{ label: "org/copy", ready: true }]);
    expect((await of(["rm", "--yes", "copied/base"])).out).toBe("not there: org/model\nremoved: org/copy");
    const [gone] = JSON.parse((await of(["status", "--json", "copied/base"])).out);
    expect([gone.status, gone.bits, gone.licence]).toEqual(["missing", undefined, "Apache-2.0"]);
  });

  test("says which bits there are, and that more bits which are here stay in use", async () => {
    using hub = hubServer({ "base.safetensors": weights, "four.safetensors": weights.slice(1) });
    const of = (args: string[]) => run(args, hub.url, {}, 9, [copied]);
    const wrong = await of(["activate", "copied/base", "--bits", "6"]);
    expect(wrong.error?.message).toBe("copied/base is published in 4 bits, not in 6");
    const none = await run(["activate", "small", "--bits", "4"], hub.url);
    expect(none.error?.message).toContain("depthanything/small is not published in fewer bits");
    expect(hub.seen).toEqual([]);
    await of(["activate", "copied/base"]);
    const { err } = await of(["activate", "copied/base", "--bits", "4"]);
    expect(err).toContain("is here with more bits, which stay in use");
    expect((await of(["status", "--verbose", "copied/base"])).out).toContain(
      "copy in 4 bits, 0.5 GB, org/copy: on this machine",
    );
    await of(["rm", "--yes", "copied/base"]);
    expect((await of(["status", "--verbose", "copied/base"])).out).toContain(
      "copy in 4 bits, 0.5 GB, org/copy: easel activate copied/base --bits 4",
    );
  });

  test("wants a word on licences that forbid commercial use", async () => {
    using hub = hubServer({ "large.safetensors": weights });
    const refused = await run(["activate", "--model", "depthanything/large"], hub.url);
    expect(refused.error).toBeInstanceOf(CommandError);
    expect(refused.error?.message).toContain("CC-BY-NC-4.0");
    expect(hub.seen).toEqual([]);
    const accepted = await run(["activate", "--accept-license", "--model", "depthanything/large"], hub.url);
    expect(accepted.error).toBeUndefined();
  });

  test("downloads nothing for a model that is read from a path of one's own", async () => {
    using hub = hubServer({ "small.safetensors": weights });
    const paths = { "depthanything/small": folder };
    const { out, error } = await run(["activate", "--model", "depthanything/small"], hub.url, paths);
    expect([error, hub.seen.length]).toEqual([undefined, 0]);
    expect(out).toContain("is read from your model_paths");
  });

  test("says that it goes on when it was stopped, and ends with the signal's code", async () => {
    const asked = Promise.withResolvers<void>();
    using hub = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch() {
        asked.resolve();
        return new Promise<Response>(() => {});
      },
    });
    const main = join(import.meta.dir, "../../../src/main.ts");
    const child = Bun.spawn([process.execPath, main, "activate", "--model", "depthanything/v2-small"], {
      env: { ...process.env, HOME: folder, HF_HOME: folder, HF_ENDPOINT: hub.url.origin },
      stdout: "ignore",
      stderr: "pipe",
    });
    await asked.promise;
    child.kill("SIGTERM");
    expect(await new Response(child.stderr).text()).toBe(
      "Error: The download was stopped; the same command resumes it\n",
    );
    expect(await child.exited).toBe(143);
  }, 60_000);

  test("says what to do without a network", async () => {
    const { error } = await run(["activate", "--model", "depthanything/small"]);
    expect(error?.message).toContain("Cannot reach 127.0.0.1:9");
    expect(error?.message).toContain(`EASEL_MODEL_PATHS='{"depthanything/small": "<folder>"}'`);
  }, 60_000);

  test("asks nobody where nobody sits, and says what to type", async () => {
    const { error } = await run(["activate"]);
    expect(error?.exitCode).toBe(2);
    expect(error?.message).toContain("as FAMILY/NAME");
  });
});

describe("easel deactivate", () => {
  test("removes only with --yes where nobody can be asked", async () => {
    using hub = hubServer({ "small.safetensors": weights });
    await run(["activate", "--model", "depthanything/small"], hub.url);
    const repo = join(folder, "hub/models--org--model");
    const refused = await run(["deactivate", "--model", "depthanything/small"]);
    expect(refused.error?.exitCode).toBe(2);
    expect(existsSync(repo)).toBe(true);
    const { out } = await run(["deactivate", "--yes", "--model", "depthanything/small"]);
    expect(out).toBe("removed: org/model");
    expect(existsSync(repo)).toBe(false);
  });

  test("leaves the other models of a repository", async () => {
    using hub = hubServer({ "small.safetensors": weights, "large.safetensors": weights.slice(1) });
    await run(["activate", "--family", "depthanything", "--accept-license"], hub.url);
    await run(["deactivate", "--yes", "--model", "depthanything/large"]);
    const { out } = await run(["status", "--json", "--family", "depthanything"]);
    expect((JSON.parse(out) as { status: string }[]).map(({ status }) => status)).toEqual([
      "ready",
      "missing",
    ]);
  });
});
