import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import type { Job } from "../../src/jobs/job.ts";
import { sets } from "../mlx-shim/sets.ts";
import { emulated, type Place, place, ran, started } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures");
let here: Place;
/** Where the commands keep what goes with them, empty before each test. */
let temporary: string;
let picture: string;
/** A folder of thirty pictures, for commands that must still work when the test looks at them. */
let pictures: string;
const inputs = Array.from({ length: 30 }, (_, index) => `${index}.jpg`);
let results: string;
beforeAll(() => {
  here = place();
  temporary = join(here.folder, "tmp");
  picture = join(here.folder, "street.jpg");
  copyFileSync(join(import.meta.dir, "../../examples/street.jpg"), picture);
  pictures = output("pictures");
  mkdirSync(pictures);
  for (const name of inputs) copyFileSync(picture, join(pictures, name));
  results = output("results");
});
afterAll(() => here[Symbol.dispose]());
beforeEach(() => {
  rmSync(temporary, { recursive: true, force: true });
  mkdirSync(temporary);
  rmSync(output("x.png"), { force: true });
  rmSync(results, { recursive: true, force: true });
});

const output = (name: string) => join(here.folder, name);
/** No server answers on port 1. */
const alone = () => ({ HOME: here.home, TMPDIR: temporary, EASEL_PORT: "1" });
const left = () => readdirSync(temporary);
const sizeOf = async (path: string) => {
  const { width, height } = await sharp(path).metadata();
  return [width, height];
};

describe("a command that needs no server", () => {
  test("makes what the output's name asks for, and several files of each picture in a folder", async () => {
    const mesh = output("room.glb");
    const one = await ran(here, ["depth", picture, "-o", mesh, "--fov-deg", "60"], alone());
    expect(one).toEqual({ out: `${mesh}\n`, err: "", code: 0 });
    expect(readFileSync(mesh).subarray(0, 4).toString()).toBe("glTF");

    const folder = output("things");
    const names = ["street.ply", "street-normals.png", "street-stereo.jpg"].map((name) => join(folder, name));
    const args = ["depth", picture, "-o", `${folder}/`, "--as", "stereo,ply,normals", "--max-points", "1000"];
    const several = await ran(here, args, alone());
    expect(several).toEqual({ out: `${names.join("\n")}\n`, err: "", code: 0 });
    const [width, height] = (await sizeOf(picture)) as [number, number];
    expect(await sizeOf(names[1]!)).toEqual([width, height]);
    expect(await sizeOf(names[2]!)).toEqual([2 * width, height]);
    expect(left()).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  test("keeps frames of a video steady", async () => {
    const frames = output("frames");
    mkdirSync(frames);
    for (const [name, dimmed] of [
      ["frame-2.png", 1],
      ["frame-10.png", 0.6],
      ["frame-1.png", 0.8],
    ] as const)
      await sharp(picture).resize(320).linear(dimmed, 0).png().toFile(join(frames, name));
    const folder = output("steady");
    const result = await ran(here, ["depth", frames, "-o", folder, "--temporal", "--json"], alone());
    expect(result.code).toBe(0);
    const results = result.out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as Job).result!);
    expect(results.map(({ alignment }) => alignment !== undefined)).toEqual([false, true, true]);
    expect(readdirSync(folder).toSorted()).toEqual(["frame-1.png", "frame-10.png", "frame-2.png"]);
    for (const made of [frames, folder]) rmSync(made, { recursive: true });
  });

  test("makes a depth map, and leaves nothing behind", async () => {
    const out = output("depth.png");
    const npz = output("depth.npz");
    const result = await ran(
      here,
      ["depth", picture, "-o", out, "--npz", npz, "--colormap", "turbo"],
      alone(),
    );
    expect(result).toEqual({ out: `${out}\n`, err: "", code: 0 });
    expect(await sizeOf(out)).toEqual(await sizeOf(picture));
    expect(readFileSync(npz).subarray(0, 2).toString()).toBe("PK");
    expect(left()).toEqual([]);
  });

  test("makes the same map with each instruction set that is forced, and refuses one that there is not", async () => {
    const pixels = async (set: string) => {
      const out = output(`depth-${set}.png`);
      const result = await ran(here, ["depth", picture, "-o", out], { ...alone(), EASEL_CPU_KERNELS: set });
      expect(result).toEqual({ out: `${out}\n`, err: "", code: 0 });
      return new Uint16Array(
        (await sharp(out).toColourspace("grey16").raw({ depth: "ushort" }).toBuffer()).buffer,
      );
    };
    const first = await pixels("off");
    for (const set of emulated ? ["base"] : sets) {
      const other = await pixels(set);
      const apart = other.reduce((most, value, i) => Math.max(most, Math.abs(value - first[i]!)), 0);
      // one step of a picture of 8 bits: a value on the border between two may fall on either side
      expect([set, other.length, apart <= 257]).toEqual([set, first.length, true]);
    }
    const env = { ...alone(), EASEL_CPU_KERNELS: "avx1024" };
    const { err, code } = await ran(here, ["depth", picture, "-o", output("x.png")], env);
    expect(err).toStartWith("Error: [kernels] EASEL_CPU_KERNELS must be one of off");
    expect([code, existsSync(output("x.png"))]).toEqual([3, false]);
    expect(left()).toEqual([]);
  });

  test("upscales, generates and edits with models of one's own", async () => {
    const seedvr2 = output("seedvr2");
    cpSync(join(fixtures, "seedvr2/3b"), seedvr2, { recursive: true });
    for (const file of ["ema_vae_fp16.safetensors", "pos_emb.pt"])
      copyFileSync(join(fixtures, "seedvr2", file), join(seedvr2, file));
    const paths = {
      "seedvr2/3b": seedvr2,
      "qwen/image": join(fixtures, "qwen/image"),
      "qwen/edit-2509": join(fixtures, "qwen/image"),
      "flux2/klein-4b": join(fixtures, "flux2/model"),
      "zimage/turbo": join(fixtures, "zimage-mflux"),
    };
    const env = { ...alone(), EASEL_MODEL_PATHS: JSON.stringify(paths) };
    const small = output("small.png");
    await sharp(picture).resize(48, 32).png().toFile(small);
    const size = ["--width", "64", "--height", "48", "--steps", "1", "--seed", "1"];
    const made = async (name: string, ...args: string[]) => {
      const path = output(name);
      expect(await ran(here, [...args, "-o", path], env)).toEqual({ out: `${path}\n`, err: "", code: 0 });
      return sizeOf(path);
    };
    expect(await made("large.webp", "upscale", small, "--resolution", "2x", "--seed", "1")).toEqual([96, 64]);
    for (const model of ["qwen/image", "flux2/klein-4b", "zimage/turbo"])
      expect(
        await made(`${model.replace("/", "-")}.png`, "generate", "a cat", "--model", model, ...size),
      ).toEqual([64, 48]);
    const large = output("large.png");
    await sharp(picture).resize(96, 64).png().toFile(large);
    for (const model of ["qwen/edit-2509", "flux2/klein-4b"])
      expect(
        await made(
          `${model.replace("/", "-")}.jpg`,
          "edit",
          "make it blue",
          large,
          "--model",
          model,
          ...size,
        ),
      ).toEqual([64, 48]);
    expect(left()).toEqual([]);
  });

  test("writes several results into a folder, and prints the jobs as JSON lines", async () => {
    const into = output("several");
    mkdirSync(into);
    const second = output("second.png");
    copyFileSync(join(fixtures, "images/rgb.png"), second);
    const { out, code } = await ran(here, ["depth", picture, second, "-o", into, "--json"], alone());
    expect(code).toBe(0);
    const jobs = out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Job);
    expect(jobs.map(({ status }) => status)).toEqual(["succeeded", "succeeded"]);
    expect(readdirSync(into).sort()).toEqual(["second.png", "street.png"]);
  });

  test("gives results names of their own, and replaces no file", async () => {
    const folder = output("unnamed");
    mkdirSync(join(folder, "photos"), { recursive: true });
    for (const name of ["photos/a.jpg", "photos/b.jpg"]) copyFileSync(picture, join(folder, name));
    const run = (...args: string[]) => ran({ ...here, folder }, args, alone());
    const lines = (...names: string[]) => ({ out: `${names.join("\n")}\n`, err: "", code: 0 });
    expect(await run("depth", picture)).toEqual(lines("street-depth.png"));
    const first = readFileSync(join(folder, "street-depth.png"));
    expect(await run("depth", picture, "--invert")).toEqual(lines("street-depth-2.png"));
    expect(readFileSync(join(folder, "street-depth.png")).equals(first)).toBe(true);
    expect(await run("depth", "photos")).toEqual(lines("photos-depth/a.png", "photos-depth/b.png"));
    expect(await run("depth", picture, "-o", "new/deep/x.png")).toEqual(lines("new/deep/x.png"));
  });

  test("names the picture of several that fails, and does the others", async () => {
    const folder = output("mixed");
    mkdirSync(folder);
    writeFileSync(join(folder, "bad.png"), "no picture");
    copyFileSync(picture, join(folder, "good.jpg"));
    const result = await ran({ ...here, folder }, ["depth", "bad.png", "good.jpg", "-o", "out"], alone());
    expect(result).toMatchObject({ out: "out/good.png\n", code: 1 });
    expect(result.err).toStartWith("Error: bad.png: input image could not be opened: ");
    expect(result.err).toEndWith("\nError: 1 of 2 pictures failed\n");
    expect(await sizeOf(join(folder, "out/good.png"))).toEqual(await sizeOf(picture));
  });

  test("reads a picture from standard input", async () => {
    const child = Bun.spawn([...here.command, "depth", "-"], {
      env: alone(),
      stdin: Bun.file(picture),
      stdout: "pipe",
    });
    const bytes = await new Response(child.stdout).bytes();
    expect(await child.exited).toBe(0);
    expect((await sharp(bytes).metadata()).format).toBe("png");
  });

  test("writes one picture to standard output and nothing else", async () => {
    for (const path of ["-", "/dev/stdout"]) {
      const child = Bun.spawn([...here.command, "depth", picture, "-o", path], {
        env: alone(),
        stdout: "pipe",
      });
      const bytes = await new Response(child.stdout).bytes();
      expect(await child.exited).toBe(0);
      expect((await sharp(bytes).metadata()).format).toBe("png");
      expect(bytes.subarray(-8, -4)).toEqual(new TextEncoder().encode("IEND"));
    }
  });

  test("ends quietly when the reader of standard output has read enough", () => {
    const { stdout, stderr } = Bun.spawnSync(
      ["bash", "-c", '"$@" | true; echo $PIPESTATUS', "bash", ...here.command, "depth", picture, "-o", "-"],
      { env: alone() },
    );
    expect([`${stdout}`, `${stderr}`]).toEqual(["0\n", ""]);
  });

  test("writes through a link", async () => {
    symlinkSync("behind.png", output("link.png"));
    writeFileSync(output("behind.png"), "");
    expect((await ran(here, ["depth", picture, "-o", output("link.png")], alone())).code).toBe(0);
    expect(await sizeOf(output("behind.png"))).toEqual(await sizeOf(picture));
  });

  test("works where TMPDIR does not exist", async () => {
    const env = { ...alone(), TMPDIR: output("nowhere") };
    expect((await ran(here, ["depth", picture, "-o", output("depth.png")], env)).code).toBe(0);
  });

  test.each([
    [["depth", "absent.jpg", "-o", "x.png"], 1, "Error: There is no file absent.jpg\n"],
    [["depth", "home", "-o", "x.png"], 1, "Error: There are no pictures in the folder home\n"],
    [["depth", "-", "-", "-o", "x"], 2, "Error: Standard input can be read only once\n"],
    [["depth", "-", "-o", "x.png"], 1, "Error: Standard input is empty\n"],
    [["depth", "street.jpg", "-o", "street.jpg/x.png"], 2, "Error: street.jpg is not a folder\n"],
    [["depth", "street.jpg", "-o", "/proc/x.png"], 1, "Error: Cannot write /proc/x.png: "],
    [["depth", "street.jpg", "-o", "x.jpg"], 2, "Error: For a .jpg say which: --stereo or --anaglyph\n"],
    [["depth", "street.jpg", "-o", "-", "--json"], 2, "Error: --json and -o - both want standard output\n"],
    [["depth", "street.jpg", "-o", "x.png", "--model", "v9"], 2, "Error: unknown depthanything model 'v9'; "],
    [["depth", "street.jpg", "-o", "x.png", "--colormap", "pink"], 2, "Error: colormap: "],
    [["depth", "easel", "-o", "x.png"], 1, "Error: easel: input image could not be opened: "],
    [["upscale", "street.jpg", "-o", "x.png", "--model", "3b"], 1, "easel activate --model seedvr2/3b\n"],
    [["upscale", "street.jpg", "-o", "x.gif"], 2, "Error: The output must end in .png, .jpg or .webp\n"],
    [["generate", "a cat", "-o", "x.png"], 1, "easel activate --model flux2/"],
    [["generate", "", "-o", "x.png"], 2, "Error: prompt: "],
    [
      ["generate", "a cat", "-o", "x.png", "--lora", "./absent.safetensors:0.5"],
      1,
      "Error: There is no file ./absent.safetensors\n",
    ],
    [["edit", "a cat", "street.jpg", "-o", "x.png"], 1, "easel activate --model flux2/"],
    [["edit", "a cat", "-o", "x.png"], 2, "Error: missing required argument 'pictures'\n"],
  ] as const)("refuses %j with %d and one error", async (args, code, message) => {
    const result = await ran(here, [...args], alone());
    expect(result.err).toContain(message);
    expect(result.err.match(/error/gi)).toHaveLength(1);
    expect(result).toMatchObject({ out: "", code });
    expect(existsSync(output("x.png"))).toBe(false);
    expect(left()).toEqual([]);
  });

  test("says what is missing when the native parts cannot be used, and ends with 3", async () => {
    const env = { ...alone(), EASEL_NATIVE_DIR: here.folder };
    const { err, code } = await ran(here, ["depth", picture, "-o", output("none.png")], env);
    expect(err).toContain("which holds no libeasel");
    expect(code).toBe(3);
    expect(left()).toEqual([]);
  });
});

describe("with a running server", () => {
  test("the server does the work, with its token", async () => {
    const env = { HOME: here.home, TMPDIR: temporary, EASEL_AUTH_TOKEN: "swordfish" };
    await using server = await started(here, env);
    const there = { ...env, EASEL_PORT: new URL(server.url).port };
    const { code } = await ran(here, ["depth", picture, "-o", output("served.png")], there);
    expect(code).toBe(0);
    expect(await sizeOf(output("served.png"))).toEqual(await sizeOf(picture));
    const { out } = await ran(here, ["jobs", "--json"], there);
    expect((JSON.parse(out) as Job[]).map(({ status }) => status)).toEqual(["succeeded"]);
    const files = async () => {
      const answer = await fetch(new URL("/v1/files", server.url), {
        headers: { authorization: "Bearer swordfish" },
      });
      return ((await answer.json()) as { data: unknown[] }).data.length;
    };
    expect(await files()).toBe(0);
    await ran(here, ["depth", picture, "-o", output("served.png"), "--keep"], there);
    expect(await files()).toBeGreaterThan(1);
    const wrong = await ran(here, ["depth", picture, "-o", output("x.png")], {
      ...there,
      EASEL_AUTH_TOKEN: "x",
    });
    expect(wrong).toMatchObject({ out: "", code: 1 });
    expect(wrong.err).toContain("EASEL_AUTH_TOKEN");
  });

  test("Ctrl-C cancels its job there", async () => {
    const env = { HOME: here.home, TMPDIR: temporary };
    await using server = await started(here, env);
    const child = Bun.spawn(
      [...here.command, "upscale", pictures, "-o", `${results}/`, "--resolution", "1024"],
      {
        env: { ...env, EASEL_PORT: new URL(server.url).port },
        stderr: "ignore",
        stdout: "ignore",
      },
    );
    const states = async () =>
      ((await (await server.get("/v1/jobs")).json()) as { data: Job[] }).data.map((job) => job.status);
    while (!(await states()).includes("running")) await Bun.sleep(5);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    while ((await states()).includes("running")) await Bun.sleep(5);
    const ended = await states();
    expect(ended).toContain("canceled");
    expect(ended).not.toContain("queued");
  });
});

describe("a command that is stopped", () => {
  /** Starts a command of many jobs, and waits until its folder is there, or until one job is done and the next one runs. */
  async function working(until: "begun" | "running") {
    const args = ["upscale", pictures, "-o", `${results}/`, "--resolution", "1024"];
    const before = left();
    const child = Bun.spawn([...here.command, ...args], { env: alone(), stderr: "pipe", stdout: "ignore" });
    const begun = () =>
      left().some((name) => !before.includes(name) && existsSync(join(temporary, name, "easel.db")));
    const running = () => existsSync(results) && readdirSync(results).length > 0;
    while (!(until === "begun" ? begun() : running())) {
      if (child.exitCode !== null) throw new Error(`it ended before it was ${until}, with ${child.exitCode}`);
      await Bun.sleep(2);
    }
    return child;
  }

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("by %s ends with %d and leaves nothing", async (signal, code) => {
    for (const until of ["begun", "running"] as const) {
      const child = await working(until);
      child.kill(signal);
      expect(await child.exited).toBe(code);
      expect(await new Response(child.stderr).text()).toBe("Error: interrupted\n");
      expect(left()).toEqual([]);
      const made = existsSync(results) ? readdirSync(results) : [];
      expect(made.length).toBeLessThan(inputs.length);
      for (const name of made) await sizeOf(join(results, name));
    }
  });

  // An emulator takes every signal for itself, so that the program inside cannot see which are ignored.
  test.skipIf(emulated)("goes on when whoever started it wants the signal ignored", async () => {
    const script = `trap '' HUP; exec "$@"`;
    const args = ["depth", picture, "-o", output("kept.png")];
    const child = Bun.spawn(["sh", "-c", script, "sh", ...here.command, ...args], { env: alone() });
    while (left().length === 0 && child.exitCode === null) await Bun.sleep(2);
    child.kill("SIGHUP");
    expect(await child.exited).toBe(0);
    expect(await sizeOf(output("kept.png"))).toEqual(await sizeOf(picture));
  });

  test("by a kill is cleared up by the next one, and one that still works is left alone", async () => {
    const killed = await working("running");
    killed.kill("SIGKILL");
    await killed.exited;
    const [rest] = left();
    const living = await working("begun");
    // it must not be done before the next one has looked
    living.kill("SIGSTOP");
    const names = left().filter((name) => name !== rest);
    const old = new Date(Date.now() - 120_000);
    for (const name of left()) utimesSync(join(temporary, name), old, old);
    expect((await ran(here, ["depth", picture, "-o", output("depth.png")], alone())).code).toBe(0);
    expect(left()).toEqual(names);
    expect(existsSync(join(temporary, rest!))).toBe(false);
    living.kill("SIGCONT");
    living.kill("SIGTERM");
    await living.exited;
    expect(left()).toEqual([]);
  });
});

describe("an engine that breaks", () => {
  let broken: string;
  beforeAll(async () => {
    await ran(here, ["check", "--engine"], alone());
    const cache = join(here.home, ".cache/easel");
    broken = output("broken");
    Bun.spawnSync([
      "cp",
      "-r",
      join(cache, readdirSync(cache).find((name) => name.startsWith("native-"))!),
      broken,
    ]);
    Bun.spawnSync(["chmod", "-R", "u+w", broken]);
    renameSync(join(broken, "libeasel.so"), join(broken, "libeasel-whole.so"));
    // the real library with two functions that fail: what the engine can do nothing against
    const source = output("broken.c");
    writeFileSync(
      source,
      "int easel_synchronize(void) { return 0; }\nint easel_clear_cache(void) { return 0; }\n",
    );
    const { exitCode, stderr } = Bun.spawnSync([
      ...[
        process.env.EASEL_TEST_CC ?? "cc",
        "-shared",
        "-fPIC",
        "-o",
        join(broken, "libeasel.so"),
        source,
        `-L${broken}`,
      ],
      ...["-Wl,--no-as-needed", "-l:libeasel-whole.so", "-Wl,-rpath,$ORIGIN", "-Wl,--disable-new-dtags"],
    ]);
    expect(stderr.toString()).toBe("");
    expect(exitCode).toBe(0);
  });

  test("ends a command with 70, a message, and nothing left", async () => {
    const env = { ...alone(), EASEL_NATIVE_DIR: broken };
    const { out, err, code } = await ran(here, ["depth", picture, "-o", output("x.png")], env);
    expect(err).toContain("Error: the engine stopped: ");
    expect({ out, code }).toEqual({ out: "", code: 70 });
    expect(left()).toEqual([]);
    expect(existsSync(output("x.png"))).toBe(false);
  });

  test("ends a server with 70 and its log with the reason, and the next start does the job", async () => {
    const env = { HOME: here.home, EASEL_DATA_DIR: output("data") };
    const log = output("server.log");
    {
      await using server = await started(here, { ...env, EASEL_NATIVE_DIR: broken }, ["--log-file", log]);
      const there = { ...env, EASEL_PORT: new URL(server.url).port };
      const lost = await ran(here, ["depth", picture, "-o", output("x.png")], there);
      expect(lost.code).toBe(1);
      expect(await server.ended).toBe(70);
      expect(readFileSync(log, "utf8")).toMatch(/^\S+ ERROR +the engine stopped: /m);
    }
    await using server = await started(here, env);
    const jobs = async () => ((await (await server.get("/v1/jobs")).json()) as { data: Job[] }).data;
    while (!["succeeded", "failed"].includes((await jobs())[0]!.status)) await Bun.sleep(10);
    expect((await jobs()).map(({ status }) => status)).toEqual(["succeeded"]);
  });
});
