import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { contextOf, describe as describeModel, pathProblems } from "../../../src/capabilities/catalogue.ts";
import { families, operationsOf } from "../../../src/capabilities/registry.ts";
import { activated, runProbe } from "../../../src/check/probe.ts";
import type { Client } from "../../../src/cli/client.ts";
import { registerPlan } from "../../../src/cli/commands/plan.ts";
import { registerStatus } from "../../../src/cli/commands/status.ts";
import { registerVerbs } from "../../../src/cli/commands/verbs.ts";
import type { CommandContext } from "../../../src/cli/context.ts";
import { createApp } from "../../../src/http/app.ts";
import type { NewJob } from "../../../src/jobs/store/store.ts";
import { settingFlags, settingsMarkdown, settingsSchema } from "../../../src/settings/document.ts";
import { defaultSettings, loadSettings, SettingsError } from "../../../src/settings/load.ts";
import { tableOf } from "../../../src/settings/table.ts";
import { idle, tempFiles, testDeps } from "../http/deps.ts";
import { doodle } from "./invented/index.ts";

const all = [...families, doodle];
const folder = mkdtempSync(join(tmpdir(), "easel-invented-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const settings = defaultSettings({ model_paths: { "doodle/pencil": folder } }, all);
const places = {
  hub: { endpoint: "http://127.0.0.1:9", token: undefined, cache: folder },
  downloads: folder,
};
const context = contextOf(all, settings, { places, embedded: null, budget: Infinity });

describe("an invented family is found without another line", () => {
  test("in the settings, their flags, their page and their schema", () => {
    const env = { HOME: "/h", EASEL_DOODLE_STROKES: "9" };
    expect(loadSettings({ env, families: all }).settings).toMatchObject({ doodle_strokes: 9 });
    const table = tableOf(all);
    expect(settingsMarkdown(table)).toContain("## doodle");
    expect(settingFlags(table).map(({ option }) => option)).toContain("--doodle-strokes <number>");
    expect(Object.keys(settingsSchema(table).properties as object)).toContain("doodle_max_strokes");
    const crossed = { env: { HOME: "/h", EASEL_DOODLE_STROKES: "101" }, families: all };
    expect(() => loadSettings(crossed)).toThrow(SettingsError);
    expect(() => loadSettings(crossed)).toThrow("EASEL_DOODLE_STROKES: more strokes than doodle_max_strokes");
  });

  test("by its models' names and its jobs' types", () => {
    expect(describeModel(all, "doodle", "pencil")).toEqual({ domain: "image", repo: "invented/pencil" });
    expect(operationsOf(all)("doodle")?.family).toBe("doodle");
    expect(pathProblems(all, settings.model_paths)).toEqual([]);
    expect(pathProblems(all, { "doodle/pensil": folder })).toEqual([
      { model: "doodle/pensil", why: "no model has that name; did you mean doodle/pencil?" },
    ]);
  });

  test("as a command of its own, with its options", () => {
    const program = new Command();
    registerVerbs(program, { capabilities: all } as unknown as CommandContext);
    const command = program.commands.find((each) => each.name() === "doodle")!;
    expect(command.description()).toBe("draw what the words say");
    expect(command.options.map(({ long }) => long)).toContain("--strokes");
  });

  test("in easel status and easel plan", async () => {
    const out: string[] = [];
    const commands = {
      capabilities: all,
      settings: () => settings,
      places: () => places,
      out: (text: string) => out.push(text),
      err: () => {},
    } as unknown as CommandContext;
    const run = async (...args: string[]) => {
      const program = new Command().exitOverride();
      registerStatus(program, commands);
      registerPlan(program, commands);
      await program.parseAsync(args, { from: "user" });
      return JSON.parse(out.pop()!);
    };
    const [status] = await run("status", "--family", "doodle", "--json");
    expect(status).toMatchObject({ family: "doodle", name: "pencil", status: "local" });
    const plan = await run("plan", "doodle", "--json");
    expect(plan).toMatchObject({ family: "doodle", model: "pencil", peak_bytes: 4 * 2 ** 30 });
  });

  test("by easel check and easel bench, which run a small job of it", async () => {
    const asked: { path: string; body: unknown }[] = [];
    const client = {
      remote: true,
      async request(path: string, init?: RequestInit) {
        asked.push({ path, body: typeof init?.body === "string" ? JSON.parse(init.body) : null });
        if (path === "/v1/image/doodle/models") return Response.json([{ name: "pencil", activated: true }]);
        if (path.endsWith("/models")) return Response.json([]);
        if (path === "/v1/files") return Response.json({ file_id: "file_1" });
        if (path.endsWith("/draw")) return Response.json({ job_id: "job_1" });
        if (path.endsWith("/events")) return new Response("event: succeeded\ndata: {}\n\n");
        return Response.json({ id: "job_1", status: "succeeded", artifacts: [], result: {} });
      },
    } as unknown as Client;
    const found = await activated(client, all);
    expect(found.map(({ family, variant }) => [family.family, variant])).toEqual([["doodle", "pencil"]]);
    const { signal } = new AbortController();
    const job = await runProbe(client, found[0]!, { width: 8, height: 8 }, signal);
    expect(job.status).toBe("succeeded");
    expect(asked.find(({ path }) => path === "/v1/image/doodle/draw")?.body).toMatchObject({
      model: "pencil",
      prompt: "a line",
    });
  });

  test("over HTTP: its routes, its document, the models, the page's list and OpenAI's API", async () => {
    const submitted: NewJob[] = [];
    const scheduler = {
      ...idle,
      async submit(job: NewJob) {
        submitted.push(job);
        throw new Error("far enough");
      },
    };
    const files = await tempFiles();
    const app = createApp(testDeps(settings, { capabilities: all, context, scheduler, files }));
    const json = async (path: string) => (await app.request(path)).json();
    const post = (path: string, body: object) =>
      app.request(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });

    const document = await json("/v1/image/doodle/openapi.json");
    expect(document.info.title).toBe("easel Doodle API");
    expect(Object.keys(document.paths)).toContain("/v1/image/doodle/draw");
    expect((await json("/openapi.json")).info.description).toContain("easel Doodle API");
    const [pencil] = await json("/v1/image/doodle/models");
    expect(pencil).toMatchObject({ name: "pencil", default: true, activated: true });

    const setup = await json("/v1/setup");
    expect(setup.data.find(({ family }: { family: string }) => family === "doodle")).toMatchObject({
      name: "pencil",
      status: "ready",
      activated: true,
      operations: ["/draw"],
      resources: [{ kind: "local_path", label: 'model_paths["doodle/pencil"]', ready: true }],
      licence: "Apache-2.0",
      memory_gb: 4,
      fits: true,
    });
    expect(setup.summary.models_total).toBe(all.flatMap(({ variants }) => variants).length);

    const offer = await json("/playground/offer.json");
    const shown = offer.families.find(({ family }: { family: string }) => family === "doodle");
    expect(shown.models[0]).toMatchObject({
      family_label: "Doodle",
      fields: ["strokes"],
      operations: ["/draw"],
      activated: true,
    });

    expect((await post("/v1/image/doodle/draw", { prompt: "a cat" })).status).toBe(500);
    expect(submitted.at(-1)).toMatchObject({ type: "doodle", params: { prompt: "a cat", strokes: 7 } });
    const ids = (await json("/v1/models")).data.map(({ id }: { id: string }) => id);
    expect(ids).toContain("doodle/pencil");
    // Nothing else that makes pictures is on this machine, so that OpenAI's own names mean it, too.
    for (const model of ["doodle/pencil", "doodle", "gpt-image-1"]) {
      await post("/v1/images/generations", { model, prompt: `by ${model}` });
      expect(submitted.at(-1)).toMatchObject({ type: "doodle", params: { prompt: `by ${model}` } });
    }
    const edit = {
      model: "doodle/pencil",
      prompt: "x",
      images: [{ image_url: "https://example.org/a.png" }],
    };
    expect((await post("/v1/images/edits", edit)).status).toBe(404);
  });
});
