import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { families } from "../../src/capabilities/registry.ts";
import { settingNames } from "../../src/settings/table.ts";
import { hubServer } from "../src/hub/hub-server.ts";
import { type Place, place, ran, started } from "./server.ts";

let here: Place;
beforeAll(() => {
  here = place();
});
afterAll(() => here[Symbol.dispose]());

const env = (more: Record<string, string> = {}) => ({ HOME: here.home, EASEL_PORT: "1", ...more });
const easel = (args: readonly string[], more: Record<string, string> = {}) => ran(here, [...args], env(more));
/** What a command prints that is expected to succeed. */
async function printed(args: readonly string[], more: Record<string, string> = {}): Promise<string> {
  const { out, err, code } = await easel(args, more);
  expect({ err, code }).toEqual({ err: "", code: 0 });
  return out;
}
const parsed = async <T>(args: readonly string[], more = {}) => JSON.parse(await printed(args, more)) as T;

describe("help", () => {
  const page = readFileSync(join(import.meta.dir, "../../docs/reference/cli.md"), "utf8");
  const sections = [...page.matchAll(/^## easel ([a-z -]+)\n\n```text\n(.*?)\n```/gms)].map(
    ([, name, text]) => [name!, text!] as const,
  );
  /** The page and the terminal break lines at other widths. */
  const flat = (text: string) => text.replaceAll(/\s+/g, " ").trim();

  test("of each command is what the documentation shows", async () => {
    expect(sections.length).toBeGreaterThan(30);
    for (const [name, text] of sections) {
      const help = flat(await printed([...name.split(" "), "--help"]));
      if (name === "run") expect(help).toStartWith("Usage: easel run|serve [options] start the server");
      else expect(help).toBe(flat(text));
    }
  });

  test("of the program names every command, and comes for nothing and for a command's name, too", async () => {
    const help = await printed(["--help"]);
    for (const [name] of sections) expect(help).toContain(`\n  ${name.split(" ")[0]}`);
    expect(await printed(["help"])).toBe(help);
    expect(await easel([])).toEqual({ out: "", err: help, code: 2 });
    expect(await printed(["help", "depth"])).toBe(await printed(["depth", "--help"]));
  });

  test("of run has a flag for each setting", async () => {
    const help = await printed(["run", "--help"]);
    // One has a short form in front of it: `--fleet, --fleet-url`.
    for (const name of settingNames)
      expect(help).toMatch(new RegExp(`(  |, )--${name.replaceAll("_", "-")} `));
  });
});

test.each([
  [
    ["stauts"],
    "Error: unknown command 'stauts'\n(Did you mean status?)\n(easel --help lists its commands)\n",
  ],
  [["jobs", "paint"], "Error: unknown command 'paint'\n(easel jobs --help lists its commands)\n"],
  [["config", "paint"], "Error: unknown command 'paint'\n(easel config --help lists its commands)\n"],
  [
    ["run", "--prot", "1"],
    "Error: unknown option '--prot'\n(Did you mean --port?)\n(easel run --help lists its options)\n",
  ],
  [["run", "--port", "70000"], "Error: --port: port must be a whole number from 0 to 65535, not 70000\n"],
  [["version", "1"], "Error: too many arguments for 'version'. Expected 0 arguments but got 1: 1.\n"],
  [["plan"], "Error: missing required argument 'model'\n"],
  [
    ["plan", "paint"],
    `Error: There is no family paint; choose one of ${families.map(({ family }) => family).join(", ")}\n`,
  ],
  [["plan", "qwen", "--model", "9b"], "Error: unknown qwen model '9b'; available: ["],
  [["plan", "qwen", "--size", "0"], "argument '0' is invalid. It must be a whole number above 0.\n"],
  [["bench", "--runs", "0"], "argument '0' is invalid. It must be a number from 1 to 99.\n"],
  [["depth"], "Error: missing required argument 'pictures'\n"],
  [
    ["depth", "a.png", "-o", "b.png", "--quantize", "x"],
    "argument 'x' is invalid. It must be a whole number.\n",
  ],
  [["unload", "seedvr2"], "Error: Name the model as family/name, such as depthpro/base; the families are "],
  [["completion", "tcsh"], "Error: There is no completion for tcsh, only for bash, zsh and fish\n"],
  [["service", "logs", "-n", "x"], "Error: --lines must be a whole number\n"],
  [["activate"], "Error: Name a model to activate, as FAMILY/NAME; or give --family NAME, --free or --all\n"],
  [
    ["deactivate"],
    "Error: Name a model to deactivate, as FAMILY/NAME; or give --family NAME, --free or --all\n",
  ],
  [["deactivate", "--model", "depthanything/v2-small"], "Error: This needs --yes without a terminal\n"],
  [
    ["activate", "--model", "depthpro/base"],
    "Error: These licences forbid commercial use; add --accept-license",
  ],
  [["status", "nothing"], "Error: No model is called nothing. easel status lists them\n"],
  [["activate", "v2-smal"], "Error: No model is called v2-smal. Did you mean v2-small?\n"],
  [["plan", "qwen/image", "--size", "100000"], "Error: size 100000x100000 exceeds the cap 2048x2048\n"],
  [["--config", "/nowhere.yaml", "status"], "Error: /nowhere.yaml: no such file\n"],
] as const)("%j is refused with 2 and an error that says how it is right", async (args, message) => {
  const { out, err, code } = await easel(args);
  expect(err).toContain(message);
  expect({ out, code }).toEqual({ out: "", code: 2 });
});

test.each([
  [["jobs"], "Error: No server answers on 127.0.0.1:1. Start one with: easel run\n"],
  [["jobs", "show", "x"], "Error: No server answers on 127.0.0.1:1. Start one with: easel run\n"],
  [["unload", "depthpro/base"], "Error: No server answers on 127.0.0.1:1. Start one with: easel run\n"],
  [["bench", "--model", "nothing"], "Error: No model of that name is activated; easel status lists them\n"],
  [["service", "logs"], "Error: There is no log yet at "],
  [["config", "edit"], "Run: easel config init\n"],
] as const)("%j fails with 1 and says why", async (args, message) => {
  const { out, err, code } = await easel(args);
  expect(err).toContain(message);
  expect({ out, code }).toEqual({ out: "", code: 1 });
});

describe("what is printed", () => {
  test("comes whole to a slow reader, and a reader that leaves is no error", async () => {
    const whole = await printed(["config", "schema"]);
    const slow = Bun.spawn(["sh", "-c", '"$@" | (sleep 1; cat)', "sh", ...here.command, "config", "schema"], {
      env: env(),
    });
    expect(await new Response(slow.stdout).text()).toBe(whole);
    const script = '{ "$@"; echo $? >&2; } | true';
    const left = Bun.spawn(["sh", "-c", script, "sh", ...here.command, "status"], {
      env: env(),
      stderr: "pipe",
    });
    expect(await new Response(left.stderr).text()).toBe("0\n");
  });

  test("is missed when the disk is full", async () => {
    const script = 'exec "$@" > /dev/full';
    const child = Bun.spawn(["sh", "-c", script, "sh", ...here.command, "status"], {
      env: env(),
      stderr: "pipe",
    });
    expect(await new Response(child.stderr).text()).toContain(
      "Error: Standard output cannot be written: ENOSPC",
    );
    expect(await child.exited).toBe(1);
  });
});

describe("config", () => {
  test("makes, shows, edits and describes the settings file", async () => {
    const config = { XDG_CONFIG_HOME: join(here.folder, "config") };
    const file = join(config.XDG_CONFIG_HOME, "easel/settings.yaml");
    expect(await printed(["config", "show"], config)).toContain(`File: ${file} (not there)\n`);
    expect(await printed(["config", "init"], config)).toBe(`${file}\n`);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await printed(["config", "template"], config)).toBe(`${readFileSync(file, "utf8")}\n`);
    writeFileSync(file, "port: 9\nauth_token: swordfish\n");
    const shown = await printed(["config", "show", "--all"], { ...config, EASEL_PORT: "" });
    expect(shown).toMatch(/^port +9 +\S+settings\.yaml:1$/m);
    expect(shown).toMatch(/^auth_token +"\(set\)" +\S+settings\.yaml:2$/m);
    for (const args of [["show"], ["show", "--all"], ["show", "--json"], ["template"], ["schema"]])
      expect(await printed(["config", ...args], config)).not.toContain("swordfish");
    const { properties } = await parsed<{ properties: object }>(["config", "schema"], config);
    expect(Object.keys(properties)).toEqual([...settingNames]);
    const { err, code } = await easel(["config", "edit"], {
      ...config,
      PATH: process.env.PATH!,
      EDITOR: "printf 'prot: 1\\nauth_token: \"sword fish\"\\n' >",
    });
    expect(err).toBe(
      `Error: ${file}:1: unknown setting "prot". Did you mean "port"?\n` +
        `${file}:2: auth_token must be printable text without blanks, or null\n`,
    );
    expect(code).toBe(2);
    // every other command refuses it, too
    expect((await easel(["status"], config)).code).toBe(2);
  });
});

test("adapters in lora_dir are listed with what each fits, as text and as JSON", async () => {
  const folder = join(here.folder, "loras");
  mkdirSync(folder);
  const net = { EASEL_LORA_DIR: folder };
  expect(await printed(["loras"], net)).toBe(`There are no adapters in ${folder}.\n`);
  const place = "diffusion_model.layers.0.attention.to_q";
  const bytes = 4 * 2 * 3840;
  const header = JSON.stringify({
    [`${place}.lora_A.weight`]: { dtype: "F32", shape: [2, 3840], data_offsets: [0, bytes] },
    [`${place}.lora_B.weight`]: { dtype: "F32", shape: [3840, 2], data_offsets: [bytes, 2 * bytes] },
  });
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(
    join(folder, "ink.safetensors"),
    Buffer.concat([length, Buffer.from(header), Buffer.alloc(2 * bytes)]),
  );
  writeFileSync(join(folder, "page.safetensors"), "<!doctype html>");
  const text = await printed(["loras"], net);
  expect(text).toMatch(/^ink\.safetensors +\d+ kB +zimage\/turbo, zimage\/base$/m);
  expect(text).toMatch(/^page\.safetensors .*cannot be read as safetensors/m);
  expect(await printed(["loras", "--family", "qwen"], net)).toBe(`No adapter in ${folder} fits that.\n`);
  const list = await parsed<object[]>(["loras", "--model", "base", "--json"], net);
  expect(list).toEqual([
    {
      name: "ink.safetensors",
      size: expect.any(Number),
      modified_at: expect.any(Number),
      fits: [{ family: "zimage", models: ["turbo", "base"] }],
    },
  ]);
  const wrong = await easel(["generate", "x", "--lora", "ink:abc"], net);
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('Its strength, "abc", is no number')]);
});

describe("models", () => {
  const small = ["--model", "depthanything/v2-small"];
  const published = join(import.meta.dir, "../fixtures/depth/v2-hf");
  const bytes = (name: string) => new Uint8Array(readFileSync(join(published, name)));
  const hub = () =>
    hubServer({ "config.json": bytes("config.json"), "model.safetensors": bytes("model.safetensors") });
  const picture = join(import.meta.dir, "../../examples/street.jpg");

  test("from nothing to a model that works, without the net, and away again", async () => {
    let offline: Record<string, string>;
    {
      using server = hub();
      const net = { HF_ENDPOINT: server.url, HF_HOME: join(here.folder, "hf") };
      offline = { ...net, HF_ENDPOINT: "http://127.0.0.1:1" };
      const status = () => parsed<{ status: string }[]>(["status", "--json", ...small], net);
      expect((await status())[0]!.status).toBe("missing");
      const lines = (await printed(["activate", "--json", "--yes", ...small], net)).trimEnd().split("\n");
      expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toContain("downloaded");
      expect((await status())[0]!.status).toBe("ready");
    }
    const out = join(here.folder, "depth.png");
    expect(await printed(["depth", picture, "-o", out, "--model", "v2-small"], offline)).toBe(`${out}\n`);
    expect(statSync(out).size).toBeGreaterThan(1000);
    expect(await printed(["deactivate", "--yes", ...small], offline)).toMatch(/^removed: /);
    expect((await parsed<{ status: string }[]>(["status", "--json", ...small], offline))[0]!.status).toBe(
      "missing",
    );
  });

  test("in four bits as another publisher has them, from nothing to a picture", async () => {
    const saved = join(import.meta.dir, "../fixtures/flux2-mflux");
    const files = Object.fromEntries(
      [...new Glob("*/*").scanSync({ cwd: saved })].map((name) => [name, readFileSync(join(saved, name))]),
    );
    const variant = families.flatMap(({ variants }) => variants).find(({ name }) => name === "klein-4b")!;
    const { downloads } = variant.copies!.find(({ bits }) => bits === 4)!;
    using server = hubServer(files, { commit: (downloads[0] as { revision: string }).revision });
    const net = { HF_ENDPOINT: server.url, HF_HOME: join(here.folder, "copies") };
    const model = "flux2/klein-4b";
    expect(await printed(["plan", model, "--quantize", "4"], net)).toContain(
      `16 GB, or 4.6 GB with easel activate ${model} --bits 4`,
    );
    const wrong = await easel(["activate", model, "--bits", "5"], net);
    expect([wrong.code, wrong.err]).toEqual([2, `Error: ${model} is published in 8 and 4 bits, not in 5\n`]);
    const fetched = await easel(["activate", model, "--bits", "4"], net);
    expect([fetched.code, fetched.out]).toEqual([
      0,
      expect.stringContaining("[ok] mflux-community/flux2-klein-4b-mflux-q4"),
    ]);
    const [status] = await parsed<object[]>(["status", "--json", model], net);
    expect(status).toMatchObject({ status: "ready", bits: 4, size_gb: 4.6, licence: "Apache-2.0" });
    const out = join(here.folder, "fox.png");
    const asked = [
      "generate",
      "a red fox",
      "--model",
      model,
      "--width",
      "64",
      "--height",
      "64",
      "--steps",
      "2",
      "-o",
      out,
    ];
    expect(await printed(asked, net)).toBe(`${out}\n`);
    expect(statSync(out).size).toBeGreaterThan(1000);
    expect(await printed(["deactivate", "--yes", model], net)).toBe(
      "not there: black-forest-labs/FLUX.2-klein-4B\nremoved: mflux-community/flux2-klein-4b-mflux-q4\n",
    );
  });

  test("from a folder of one's own", async () => {
    const own = { EASEL_MODEL_PATHS: JSON.stringify({ "depthanything/v2-small": published }) };
    expect(await printed(["status", ...small], own)).toMatch(/v2-small \* +local/);
    expect(await printed(["depth", picture, "-o", join(here.folder, "own.png")], own)).toContain("own.png");
  });

  test("that are inside need nothing and stay", async () => {
    const mini = ["--model", "depthanything/mini"];
    expect(await printed(["activate", ...mini])).toBe("image/depthanything/mini is built in\n");
    expect(await printed(["deactivate", "--yes", ...mini])).toBe(
      "image/depthanything/mini is built in and stays\n",
    );
  });

  test("are asked about where a person sits", async () => {
    using server = hub();
    const net = { HF_ENDPOINT: server.url, HF_HOME: join(here.folder, "asked"), TERM: "xterm" };
    await printed(["activate", "--json", ...small], net);
    let seen = "";
    let said: (() => void) | undefined;
    const child = Bun.spawn([...here.command, "deactivate", ...small], {
      env: env(net),
      terminal: {
        cols: 100,
        rows: 30,
        data(_, data) {
          seen += new TextDecoder().decode(data);
          if (seen.includes("Other programs may use these files")) said?.();
        },
      },
    });
    await new Promise<void>((resolve) => {
      said = resolve;
      if (seen.includes("Other programs may use these files")) resolve();
    });
    child.terminal!.write("n");
    expect(await child.exited).toBe(0);
    expect(seen).toContain("Canceled.");
    expect((await parsed<{ status: string }[]>(["status", "--json", ...small], net))[0]!.status).toBe(
      "ready",
    );
  });
});

describe("plan, bench, check and cache", () => {
  test("plan names each phase and the budget", async () => {
    const enough = { EASEL_MEMORY_LIMIT_GB: "64" };
    expect(await printed(["plan", "qwen", "--size", "1024"], enough)).toContain("Largest phase: ");
    const { out, err, code } = await easel(["plan", "depthpro", "--json"], { EASEL_MEMORY_LIMIT_GB: "1" });
    expect(JSON.parse(out)).toMatchObject({ model: "base", fits: false });
    expect({ err, code }).toEqual({ err: "Error: The request does not fit into memory\n", code: 4 });
  });

  test("bench times the model that is inside, and check runs it", async () => {
    const [row] = await parsed<{ model: string; seconds: number[] }[]>([
      "bench",
      "--json",
      "--runs",
      "2",
      "--size",
      "64x48",
      "--model",
      "depthanything/mini",
    ]);
    expect(row).toMatchObject({ model: "depthanything/mini", width: 64, height: 48 });
    expect(row!.seconds).toHaveLength(2);
    const report = await printed(["check", "--model", "depthanything/mini"]);
    expect(report).toMatch(/^ok {6}depthanything\/mini: /m);
  });

  test("cache lists what is kept, and prunes what nobody uses", async () => {
    await printed(["check", "--engine"]);
    const cache = join(here.home, ".cache/easel");
    const old = join(cache, "native-0123456789abcdef");
    mkdirSync(old);
    writeFileSync(join(old, "libmlx.so"), "old");
    for (const path of [join(old, "libmlx.so"), old]) utimesSync(path, 1, 1);
    const names = async (...args: string[]) =>
      (await parsed<{ name: string }[]>(["cache", ...args, "--json"])).map(({ name }) => name);
    expect(await names("list")).toContain("native-0123456789abcdef");
    expect(await names("prune")).toEqual(["native-0123456789abcdef"]);
    expect(existsSync(old)).toBe(false);
    expect(await printed(["cache", "prune"])).toBe("Nothing to remove.\n");
    expect(await printed(["cache"])).toContain("native parts");
  });
});

test("jobs and unload steer a running server", async () => {
  await using server = await started(here, env({ EASEL_AUTH_TOKEN: "swordfish" }));
  const there = { EASEL_PORT: new URL(server.url).port, EASEL_AUTH_TOKEN: "swordfish" };
  expect(await printed(["jobs"], there)).toBe("No jobs.\n");
  const picture = join(here.folder, "street.jpg");
  copyFileSync(join(import.meta.dir, "../../examples/street.jpg"), picture);
  await printed(["depth", picture, "-o", join(here.folder, "job.png")], there);
  const [job] = await parsed<{ id: string; status: string }[]>(["jobs", "list", "--json", "-n", "5"], there);
  expect(job!.status).toBe("succeeded");
  expect(await printed(["jobs"], there)).toContain(job!.id);
  expect(await parsed<object>(["jobs", "show", job!.id], there)).toMatchObject({ id: job!.id });
  expect(await parsed<object>(["unload", "depthanything/mini"], there)).toMatchObject({ unloaded: true });
  for (const verb of ["cancel", "retry"]) {
    const { err, code } = await easel(["jobs", verb, job!.id], there);
    expect(err).toMatch(/^Error: .*job/);
    expect(code).toBe(1);
  }
  await printed(["jobs", "delete", job!.id], there);
  expect(await easel(["jobs", "show", job!.id], there)).toMatchObject({ out: "", code: 1 });
  expect(await easel(["jobs", "--limit", "x"], there)).toMatchObject({ out: "", code: 2 });
  const stranger = await easel(["jobs"], { ...there, EASEL_AUTH_TOKEN: "wrong" });
  expect(stranger.err).toMatch(/^Error: .*token/i);
  expect(stranger.code).toBe(1);
});

describe("service", () => {
  const programs = () => join(here.folder, "programs");
  const calls = () => join(here.folder, "calls");
  beforeAll(() => {
    mkdirSync(programs());
    const state = join(here.folder, "active");
    // what systemctl does with a unit that starts and stops
    const script = `#!/bin/sh
echo "$*" >> ${calls()}
case "$2" in
  is-active) [ -e ${state} ] ;;
  start) : > ${state} ;;
  stop) rm -f ${state} ;;
  daemon-reload) [ -z "$BROKEN" ] || { echo "Failed to connect to bus: No medium found" >&2; exit 1; } ;;
esac
`;
    writeFileSync(join(programs(), "systemctl"), script);
    chmodSync(join(programs(), "systemctl"), 0o755);
  });
  const service = (args: string[], more = {}) =>
    easel(["service", ...args], {
      PATH: `${programs()}:${process.env.PATH}`,
      EASEL_AUTH_TOKEN: "swordfish",
      ...more,
    });
  const unit = () => join(here.home, ".config/systemd/user/easel.service");

  test("goes through its life, and runs the binary with what its environment says", async () => {
    expect(await service(["start"])).toMatchObject({
      code: 1,
      err: "Error: Service is not installed: easel.service\n",
    });
    expect(await service(["install"])).toEqual({ out: "Installed easel.service\n", err: "", code: 0 });
    const text = readFileSync(unit(), "utf8");
    expect(text).toContain(`ExecStart="${here.binary}" "run" "--log-file" `);
    expect(text).toContain('Environment="EASEL_AUTH_TOKEN=swordfish"\n');
    expect((await service(["show"])).out).toBe(`${text}\n`);
    expect(statSync(unit()).mode & 0o777).toBe(0o600);
    expect((await service(["install"])).code).toBe(1);
    expect((await service(["start"])).out).toBe("Started easel.service\n");
    expect((await service(["start"])).code).toBe(1);
    expect((await service(["uninstall"])).err).toBe(
      "Error: Service is running. Stop it before uninstalling.\n",
    );
    const state = JSON.parse((await service(["status", "--json"])).out) as object;
    expect(state).toMatchObject({ installed: true, loaded: true, health: "no answer" });
    expect((await service(["stop"])).out).toBe("Stopped easel.service\n");
    expect((await service(["stop"])).code).toBe(1);
    expect((await service(["uninstall"])).code).toBe(0);
    expect(existsSync(unit())).toBe(false);
    expect(readFileSync(calls(), "utf8")).toContain("--user disable easel.service");
  });

  test("leaves no unit behind when the system refuses it", async () => {
    const { err, code } = await service(["install"], { BROKEN: "1" });
    expect(err).toContain(
      "Error: systemctl failed: Failed to connect to bus: No medium found. This user has no session",
    );
    expect(code).toBe(1);
    expect(existsSync(unit())).toBe(false);
  });

  test("shows the log and whether the server is well", async () => {
    const data = join(here.folder, "service-data");
    const log = join(data, "logs/server.log");
    await using server = await started(here, env({ EASEL_DATA_DIR: data }), ["--log-file", log]);
    const there = { EASEL_DATA_DIR: data, EASEL_PORT: new URL(server.url).port };
    const { out } = await service(["status"], there);
    // It is not the service that answers there.
    expect(out).toContain("Health:    not this service: another server answers (http://127.0.0.1:");
    expect(out).toContain("listening on ");
    expect((await service(["logs", "-n", "1"], there)).out.split("\n")).toHaveLength(2);
  });
});

describe("completion", () => {
  test("scripts are whole for their shells, and bash completes from its own", async () => {
    const script = join(here.folder, "easel.bash");
    writeFileSync(script, await printed(["completion", "bash"]));
    const complete = `source ${script}; COMP_WORDS=(easel cache pr); COMP_CWORD=2; _easel; echo "\${COMPREPLY[*]}"`;
    expect(Bun.spawnSync(["bash", "-c", complete]).stdout.toString()).toBe("prune\n");
    expect(await printed(["completion", "zsh"])).toContain("bashcompinit");
    expect(await printed(["completion", "fish"])).toContain(
      "complete -c easel -n '__fish_use_subcommand' -a depth",
    );
  });
});

test("a link to the binary works as the binary", async () => {
  const link = join(here.folder, "linked");
  symlinkSync(here.binary, link);
  const through = { ...here, command: [...here.command.slice(0, -1), link] };
  expect((await ran(through, ["check", "--engine"], env())).code).toBe(0);
  rmSync(link);
});
