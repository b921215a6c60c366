import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { Command } from "commander";
import { families } from "../../../src/capabilities/registry.ts";

import { registerFiles } from "../../../src/cli/commands/files.ts";
import { registerJobs } from "../../../src/cli/commands/jobs.ts";
import { registerMemory } from "../../../src/cli/commands/memory.ts";
import { registerVerbs } from "../../../src/cli/commands/verbs.ts";
import type { CommandContext } from "../../../src/cli/context.ts";
import { serverSentEvents } from "../../../src/cli/remote-job.ts";
import { hubEnv } from "../../../src/hub/download/hub.ts";
import { defaultSettings } from "../../../src/settings/load.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-client-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Call {
  method: string;
  path: string;
  body: Record<string, unknown> | null;
  authorization: string | null;
}

/** A server that answers as ours does and records its requests. `bad` is a picture whose job fails. */
function server(end: "succeeded" | "failed" = "succeeded", bad = "") {
  const calls: Call[] = [];
  const job = {
    id: "job_0001",
    type: "depthanything",
    status: end,
    progress: 1,
    started_at: 1,
    finished_at: 3.5,
    error: end === "failed" ? "the model gave up" : null,
    result: { depth_image_file_id: "file_out", depth_data_file_id: "file_npz", file_id: "file_out" },
    artifacts: ["file_out", "file_npz"],
  };
  let last = "";
  const serve = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const isJson = request.headers.get("content-type")?.startsWith("application/json");
      calls.push({
        method: request.method,
        path: pathname + search,
        body: isJson ? ((await request.json()) as Record<string, unknown>) : null,
        authorization: request.headers.get("authorization"),
      });
      if (pathname === "/health")
        return Response.json({
          status: "ok",
          memory: { loaded: [resident], resident_gb: 0.1, budget_gb: 8 },
        });
      if (pathname === "/v1/files" && request.method === "GET")
        return Response.json({ data: stored, has_more: false });
      if (pathname === `/v1/files/${stored[0]!.file_id}`) return Response.json(stored[0]);
      if (pathname === "/v1/files") {
        const { name } = (await request.formData()).get("file") as File;
        last = basename(name);
        return Response.json({ file_id: `file_${calls.length}` });
      }
      if (pathname.endsWith("/link")) return Response.json({ url: `http://link${pathname}`, expires_at: 1 });
      if (pathname.endsWith("/download")) return new Response(`bytes of ${pathname.split("/")[3]}`);
      if (pathname.endsWith("/events"))
        return new Response(
          'id: 1\nevent: status\ndata: {"progress":0.5,"progress_label":"estimating"}\n\n: still here\n\nid: 2\nevent: succeeded\ndata: {}\n\n',
          { headers: { "content-type": "text/event-stream" } },
        );
      if (pathname.startsWith("/v1/image/") && pathname.endsWith("refuse"))
        return new Response("", { status: 404 });
      if (pathname.startsWith("/v1/image/depthanything/models")) return Response.json({ unloaded: true });
      if (pathname.startsWith("/v1/image/")) return Response.json({ job_id: "job_0001" }, { status: 202 });
      if (pathname === "/v1/jobs")
        return Response.json(
          search.includes("after")
            ? { data: waiting.map((id) => ({ ...job, id })), has_more: false }
            : { data: [job], has_more: true },
        );
      if (pathname === "/v1/jobs/cancel") return Response.json({ canceled: 2 });
      if (/^\/v1\/jobs\/job_[0-9a-f]{32}\/cancel$/.test(pathname))
        return Response.json({ status: "canceled" });
      if (pathname === "/v1/jobs/job_0001")
        return Response.json(last === bad ? { ...job, status: "failed", error: "no picture" } : job);
      return Response.json({ detail: "unknown job 'job_2'", code: "job_not_found" }, { status: 404 });
    },
  });
  return { calls, port: serve.port!, [Symbol.dispose]: () => serve.stop(true) };
}

async function run(port: number, ...args: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const settings = { ...defaultSettings(), port, auth_token: "swordfish" };
  const context = {
    capabilities: families,
    settings: () => settings,
    places: () => ({ hub: hubEnv({ HF_HOME: folder }), downloads: folder }),
    localServer: () => Promise.reject(new Error("a server inside this process was asked for")),
    out: (text: string) => out.push(text),
    err: (text: string) => err.push(text),
    interactive: false,
    terminal: false,
    signal: new AbortController().signal,
  } as unknown as CommandContext;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  for (const register of [registerVerbs, registerJobs, registerFiles, registerMemory])
    register(program, context);
  const error = await program.parseAsync(args, { from: "user" }).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  return { out: out.join("\n"), err: err.join("\n"), error };
}

const waiting = [`job_ab1c1${"0".repeat(27)}`, `job_ab1c2${"0".repeat(27)}`];
const resident = { family: "depthanything", name: "mini", weight_gb: 0.1, idle_s: 4.2, expires_in_s: null };
const stored = [
  {
    file_id: `file_cd3${"0".repeat(29)}`,
    filename: "../street.jpg",
    content_type: "image/jpeg",
    size: 1_234_567,
    created_at: 1e9,
  },
];

function picture(name: string): string {
  const path = join(folder, name);
  writeFileSync(path, "picture");
  return path;
}

describe("easel depth", () => {
  test("uses the running server, with its token, and writes the map and the values", async () => {
    using fake = server();
    const output = join(folder, "depth.png");
    const npz = join(folder, "depth.npz");
    const { error, out } = await run(
      fake.port,
      "depth",
      picture("in.jpg"),
      "-o",
      output,
      "--npz",
      npz,
      "--model",
      "v2-small",
      "--colormap",
      "turbo",
    );
    expect(error).toBeUndefined();
    expect(out).toBe(output);
    expect(readFileSync(output, "utf8")).toBe("bytes of file_out");
    expect(readFileSync(npz, "utf8")).toBe("bytes of file_npz");
    const made = fake.calls.find(({ path }) => path === "/v1/image/depthanything/estimate");
    expect(made?.body).toMatchObject({
      model: "v2-small",
      colormap: "turbo",
      include_depth_data: true,
      mode: "async",
    });
    expect(made?.body).not.toHaveProperty("quantize");
    expect(fake.calls.slice(1).every(({ authorization }) => authorization === "Bearer swordfish")).toBe(true);
  });

  test("writes several inputs into a folder under their own names", async () => {
    using fake = server();
    const into = join(folder, "out");
    mkdirSync(into);
    const inputs = [picture("a.jpg"), picture("b.png")];
    const { out } = await run(fake.port, "depth", ...inputs, "-o", into, "--model", "depthpro/base");
    expect(out.split("\n")).toEqual([join(into, "a.png"), join(into, "b.png")]);
    expect(fake.calls.some(({ path }) => path === "/v1/image/depthpro/estimate")).toBe(true);
    const { error } = await run(fake.port, "depth", ...inputs, "-o", join(folder, "one.png"));
    expect(error?.message).toContain("is not a folder");
    const made = join(folder, "made/below");
    expect((await run(fake.port, "depth", ...inputs, "-o", made)).out.split("\n")).toEqual([
      join(made, "a.png"),
      join(made, "b.png"),
    ]);
  });

  test("takes the pictures of a folder, and nothing else that is in it", async () => {
    using fake = server();
    const photos = join(folder, "photos");
    mkdirSync(join(photos, "deeper.png"), { recursive: true });
    for (const name of ["b.JPG", "a.heic", ".hidden.png", "notes.txt"])
      writeFileSync(join(photos, name), "x");
    const into = join(folder, "out");
    const { out } = await run(fake.port, "depth", photos, "-o", into);
    expect(out.split("\n")).toEqual([join(into, "a.png"), join(into, "b.png")]);
    mkdirSync(join(folder, "empty"));
    const { error } = await run(fake.port, "depth", join(folder, "empty"));
    expect(error?.message).toContain("There are no pictures in the folder");
  });

  test("names the picture that fails, and does the ones behind it", async () => {
    using fake = server("succeeded", "bad.jpg");
    const into = join(folder, "out");
    const inputs = [picture("a.jpg"), picture("bad.jpg"), picture("c.jpg")];
    const { out, err, error } = await run(fake.port, "depth", ...inputs, "-o", into);
    expect(out.split("\n")).toEqual([join(into, "a.png"), join(into, "c.png")]);
    expect(err).toBe(`Error: ${inputs[1]}: no picture`);
    expect(error?.message).toBe("1 of 3 pictures failed");
  });

  test("removes from the server what it brought and made, unless it is to be kept", async () => {
    using fake = server();
    const removed = () => fake.calls.filter(({ method }) => method === "DELETE").map(({ path }) => path);
    await run(fake.port, "depth", picture("in.jpg"), "-o", join(folder, "out.png"), "--keep");
    expect(removed()).toEqual([]);
    await run(fake.port, "depth", picture("in.jpg"), "-o", join(folder, "out.png"));
    expect(removed()).toEqual([
      expect.stringMatching(/^\/v1\/files\/file_\d+$/),
      "/v1/files/file_out",
      "/v1/files/file_npz",
    ]);
  });

  test("writes no result over an input of the same folder", async () => {
    using fake = server();
    const inputs = [picture("a.png"), picture("b.png")];
    const inPlace = await run(fake.port, "depth", ...inputs, "-o", folder);
    expect(inPlace.error?.message).toContain("is an input");
    expect(readFileSync(inputs[0]!, "utf8")).toBe("picture");
    expect(fake.calls.some(({ path }) => path === "/v1/files")).toBe(false);
  });

  test("numbers the results of pictures whose names differ only in their extension", async () => {
    using fake = server();
    const photos = join(folder, "photos");
    mkdirSync(photos);
    for (const name of ["A.jpg", "A.png", "A.webp", "A-2.png", "b.png"])
      writeFileSync(join(photos, name), name);
    const into = join(folder, "out");
    const { out, error } = await run(fake.port, "depth", photos, "-o", into);
    expect(error).toBeUndefined();
    const names = ["A-2.png", "A-3.png", "A-4.png", "A.png", "b.png"];
    expect(readdirSync(into).sort()).toEqual(names);
    expect(out.split("\n").sort()).toEqual(names.map((name) => join(into, name)));
    // A second run replaces its own results and makes no more.
    expect((await run(fake.port, "depth", photos, "-o", into)).out).toBe(out);
    expect(readdirSync(into).sort()).toEqual(names);

    const both = await run(
      fake.port,
      "depth",
      join(photos, "A.jpg"),
      join(photos, "A.png"),
      "--as",
      "png,npz",
      "-o",
      join(folder, "both"),
    );
    expect(both.error).toBeUndefined();
    expect(readdirSync(join(folder, "both")).sort()).toEqual(["A-2.npz", "A-2.png", "A.npz", "A.png"]);
  });

  test("writes into a pipe and leaves it in place", async () => {
    using fake = server();
    const pipe = join(folder, "pipe");
    expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
    await using reader = Bun.spawn(["cat", pipe]);
    const { error } = await run(fake.port, "depth", picture("in.jpg"), "-o", pipe);
    expect(error).toBeUndefined();
    expect(await new Response(reader.stdout).text()).toBe("bytes of file_out");
    expect(statSync(pipe).isFIFO()).toBe(true);
  });

  test("makes no file whose name does not say what it is", async () => {
    const { error } = await run(9, "depth", picture("in.jpg"), "-o", join(folder, "out.tif"));
    expect(error?.message).toContain("must end in .png");
    const unclear = await run(9, "depth", picture("in.jpg"), "-o", join(folder, "out.jpg"));
    expect(unclear.error?.message).toBe("For a .jpg say which: --stereo or --anaglyph");
  });

  test("tells the server's own words when the job fails, and leaves no file", async () => {
    using fake = server("failed");
    const { error } = await run(fake.port, "depth", picture("in.jpg"), "-o", join(folder, "out.png"));
    expect(error?.message).toBe(`${join(folder, "in.jpg")}: the model gave up`);
    expect(readdirSync(folder)).toEqual(["in.jpg"]);
  });

  test("asks for a server in this process when none answers", async () => {
    const { error } = await run(9, "depth", picture("in.jpg"), "-o", join(folder, "out.png"));
    expect(error?.message).toBe("a server inside this process was asked for");
    const missing = await run(9, "depth", join(folder, "absent.jpg"), "-o", join(folder, "out.png"));
    expect(existsSync(join(folder, "out.png"))).toBe(false);
    expect(missing.error?.message).toContain("There is no file");
  });
});

test.each([
  ["depth IN -o OUT"],
  ["depth IN -o map.png --npz OUT"],
  ["depth IN --as png,glb -o OUT"],
  ["upscale IN -o OUT"],
  ["edit blue IN -o OUT"],
  ["edit blue other.png IN -o OUT"],
  ["generate blue --init-image IN -o OUT"],
])("easel %s refuses to replace a picture that it reads", async (line) => {
  using fake = server();
  const original = picture("p.png");
  picture("other.png");
  const link = join(folder, "link.png");
  symlinkSync(original, link);
  const roundabout = `${folder}/../${basename(folder)}/p.png`;
  const fromHere = relative(process.cwd(), original);
  for (const [input, output] of [
    [original, original],
    [original, roundabout],
    [fromHere, original],
    [original, link],
    [link, original],
  ] as const) {
    const words = line.split(" ").map((word) => {
      if (word === "IN") return input;
      if (word === "OUT") return output;
      return word.endsWith(".png") ? join(folder, word) : word;
    });
    const { error } = await run(fake.port, ...words);
    expect(error).toMatchObject({
      message: `${output} is an input, and the result would replace it; name another output`,
      exitCode: 2,
    });
  }
  expect(readFileSync(original, "utf8")).toBe("picture");
  expect(fake.calls).toEqual([]);
});

test.each([
  ["depth PATH"],
  ["depth other.png PATH"],
  ["upscale PATH"],
  ["edit blue PATH"],
  ["generate blue --init-image PATH"],
  ["generate blue --lora PATH"],
])("easel %s opens no pipe and no device", async (line) => {
  using fake = server();
  picture("other.png");
  const pipe = join(folder, "pipe.png");
  expect(Bun.spawnSync(["mkfifo", pipe]).exitCode).toBe(0);
  const link = join(folder, "link.png");
  symlinkSync(pipe, link);
  for (const path of [pipe, link, "/dev/null"]) {
    const words = line.split(" ").map((word) => {
      if (word === "PATH") return path;
      return word.endsWith(".png") ? join(folder, word) : word;
    });
    const { error } = await run(fake.port, ...words, "-o", join(folder, "q.png"));
    expect(error).toMatchObject({
      message: `${path} is a pipe or a device, not a file; give - to read standard input`,
      exitCode: 2,
    });
  }
  expect(fake.calls).toEqual([]);
});

test("a failed easel generate says why, and nothing of the prompt", async () => {
  using fake = server("failed");
  const args = ["a cat", "-o", join(folder, "out.png"), "--lora", `${picture("style.safetensors")}:1`];
  const { error } = await run(fake.port, "generate", ...args);
  expect(error?.message).toBe("the model gave up");
});

test("easel upscale, generate and edit send what their options say", async () => {
  using fake = server();
  const output = join(folder, "out.webp");
  await run(
    fake.port,
    "upscale",
    picture("in.png"),
    "-o",
    output,
    "--resolution",
    "1080",
    "--softness",
    "0.5",
  );
  await run(
    fake.port,
    "generate",
    "a cat",
    "-o",
    output,
    "--seed",
    "-3",
    "--lora",
    `${picture("style.safetensors")}:0.7`,
  );
  await run(
    fake.port,
    "edit",
    "make it blue",
    picture("a.png"),
    picture("b.png"),
    "-o",
    output,
    "--steps",
    "8",
  );
  await run(fake.port, "upscale", picture("in.png"), "-o", output);
  const [upscale, generate, edit, usual] = fake.calls.filter(({ path }) => path.startsWith("/v1/image/"));
  expect(upscale?.body).toMatchObject({ resolution: 1080, softness: 0.5, format: "webp" });
  // the server's own settings decide then
  expect(usual?.body).not.toHaveProperty("resolution");
  expect(generate?.body).toMatchObject({ prompt: "a cat", seed: -3, loras: [{ scale: 0.7 }] });
  expect(edit?.body).toMatchObject({ prompt: "make it blue", steps: 8 });
  expect(edit?.body?.images).toHaveLength(2);
  const wrong = await run(fake.port, "generate", "a cat", "-o", join(folder, "out.gif"));
  expect(wrong.error?.message).toBe("The output must end in .png, .jpg or .webp");
});

describe("easel jobs", () => {
  test("lists, shows and cancels the jobs of the running server", async () => {
    using fake = server();
    const { out } = await run(fake.port, "jobs");
    expect(out).toContain("Job       Type           Status     Progress  Time   Error");
    expect(out).toContain("job_0001  depthanything  succeeded  100 %     2.5 s");
    expect(out).toContain("There are more: --limit 40");
    expect(JSON.parse((await run(fake.port, "jobs", "show", "job_0001")).out)).toMatchObject({
      id: "job_0001",
    });
    const unknown = `job_${"0".repeat(32)}`;
    expect((await run(fake.port, "jobs", "retry", unknown)).error?.message).toBe("unknown job 'job_2'");
  });

  test("takes the start of an id, if only one job has it", async () => {
    using fake = server();
    await run(fake.port, "jobs", "cancel", "ab1c1");
    expect(fake.calls.at(-1)?.path).toBe(`/v1/jobs/${waiting[0]}/cancel`);
    const two = await run(fake.port, "jobs", "cancel", "job_ab1c");
    expect(two.error?.message).toBe(`2 jobs have an id that starts with job_ab1c: ${waiting.join(", ")}`);
    const none = await run(fake.port, "jobs", "show", "cdef");
    expect(none.error?.message).toBe("No job has an id that starts with job_cdef");
  });

  test("cancels every job that waits or runs with --all", async () => {
    using fake = server();
    const { out } = await run(fake.port, "jobs", "cancel", "--all");
    expect(out).toBe("canceled: 2 jobs");
    expect(fake.calls.at(-1)?.path).toBe("/v1/jobs/cancel");
    expect((await run(fake.port, "jobs", "cancel")).error?.message).toContain("--all");
  });

  test("says how to start a server when none answers, also when another program does", async () => {
    expect((await run(9, "jobs")).error?.message).toContain("easel run");
    using other = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({ status: "ok" }) });
    expect((await run(other.port!, "jobs")).error?.message).toContain("easel run");
  });
});

describe("easel files", () => {
  test("lists and shows the files of the running server, and says how long they are kept", async () => {
    using fake = server();
    const { out } = await run(fake.port, "files");
    expect(out).toContain("../street.jpg  image/jpeg  1.2 MB  2001-09-09 01:46");
    expect(out).toContain("files_ttl_days");
    expect(JSON.parse((await run(fake.port, "files", "show", "cd30")).out)).toMatchObject(stored[0]!);
  });

  test("prints a link to a file, and nothing else", async () => {
    using fake = server();
    const { out } = await run(fake.port, "files", "link", "cd30");
    expect(out).toBe(`http://link/v1/files/${stored[0]!.file_id}/link`);
  });

  test("saves a file under its name, never outside of the folder that was named", async () => {
    using fake = server();
    const into = join(folder, "saved/");
    const { out, error } = await run(fake.port, "files", "save", "cd30", "-o", into);
    expect([error, out]).toEqual([undefined, join(into, "street.jpg")]);
    expect(readFileSync(join(into, "street.jpg"), "utf8")).toBe(`bytes of ${stored[0]!.file_id}`);
  });

  test("deletes the files that are named, and all of them only after a yes", async () => {
    using fake = server();
    expect((await run(fake.port, "files", "delete", "cd30")).out).toBe(`deleted: ${stored[0]!.file_id}`);
    expect((await run(fake.port, "files", "delete", "--all")).error?.message).toContain("--yes");
    await run(fake.port, "files", "delete", "--all", "--yes");
    expect(fake.calls.filter(({ method }) => method === "DELETE")).toHaveLength(2);
    expect((await run(fake.port, "files", "delete")).error?.message).toContain("--all");
  });
});

describe("the start of an id that could mean anything", () => {
  const commands = [
    ["file", "files show"],
    ["file", "files link"],
    ["file", "files save"],
    ["file", "files delete"],
    ["job", "jobs show"],
    ["job", "jobs cancel"],
    ["job", "jobs retry"],
    ["job", "jobs delete"],
  ] as const;

  test.each(commands)("of a %s is refused by easel %s, and nothing happens", async (kind, command) => {
    using fake = server();
    const whole = { file: stored[0]!.file_id, job: waiting[0]! }[kind];
    const starts = ["", " ", `${kind}_`, whole.slice(0, kind.length + 4), `${whole}/../x`];
    for (const start of starts) {
      const { out, error } = await run(fake.port, ...command.split(" "), start);
      expect(out).toBe("");
      expect(error).toMatchObject({
        message: `"${start}" is not the id of a ${kind}: give the whole id, or at least its first 4 characters after ${kind}_`,
        exitCode: 2,
      });
    }
    expect(fake.calls.filter(({ path }) => path !== "/health")).toEqual([]);
  });

  test("keeps every file of a list in which one start is empty", async () => {
    using fake = server();
    const { error } = await run(fake.port, "files", "delete", stored[0]!.file_id, "");
    expect(error).toMatchObject({ exitCode: 2 });
    expect(fake.calls.some(({ method }) => method === "DELETE")).toBe(false);
  });
});

test("easel ps lists the models in memory", async () => {
  using fake = server();
  const { out } = await run(fake.port, "ps");
  expect(out).toContain("depthanything/mini  0.1 GB   4 s       never");
  expect(out).toContain("0.1 of 8.0 GB are in use.");
});

test("easel unload names the model by family and name", async () => {
  using fake = server();
  await run(fake.port, "unload", "depthanything/v2-small");
  expect(fake.calls.at(-1)).toMatchObject({
    method: "POST",
    path: "/v1/image/depthanything/models/v2-small/unload",
  });
  for (const slip of ["seedvr2", "nope/x", "seedvr2/"])
    expect((await run(fake.port, "unload", slip)).error?.message).toContain("as family/name");
});

test("serverSentEvents() joins what the network cut", async () => {
  const text = 'id: 7\r\nevent: a\r\ndata: one\r\ndata: two\r\n\r\n: comment\n\ndata: {"x":1}\n\ndata: lost';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 3, bytes.length]) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += size) controller.enqueue(bytes.slice(at, at + size));
        controller.close();
      },
    });
    expect(await Array.fromAsync(serverSentEvents(body))).toEqual([
      { id: "7", event: "a", data: "one\ntwo" },
      { id: "", event: "message", data: '{"x":1}' },
    ]);
  }
});
