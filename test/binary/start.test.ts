import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Place, place, ran, started } from "./server.ts";

let here: Place;
beforeEach(() => {
  here = place();
});
afterEach(() => here[Symbol.dispose]());

const cache = () => join(here.home, ".cache/easel");
const unpacked = () => readdirSync(cache()).filter((name) => name.startsWith("native-"));
/** The whole way a picture goes: sharp, the engine's thread, MLX, sharp. */
async function computes(env: Record<string, string>): Promise<string> {
  const { out, err, code } = await ran(here, ["check", "--engine"], env);
  expect(err).toBe("");
  expect(out).toMatch(/^ok {6}engine: .* right to rounding$/m);
  expect(code).toBe(0);
  return out;
}
async function answers(env: Record<string, string>): Promise<void> {
  await using server = await started(here, env);
  expect((await server.get("/health")).status).toBe(200);
  expect(await server.stop()).toBe(0);
}

describe("the binary, alone in a folder", () => {
  test("names its version", async () => {
    const { version } = await Bun.file(join(import.meta.dir, "../../package.json")).json();
    expect(await ran(here, ["--version"], {})).toEqual({ out: `${version}\n`, err: "", code: 0 });
  });

  test("says whose work it carries", async () => {
    const { out, code } = await ran(here, ["version", "--notice"], {});
    expect(out).toBe(await Bun.file(join(import.meta.dir, "../../NOTICE")).text());
    expect(code).toBe(0);
  });

  test("starts, answers, computes and stops with only HOME set", async () => {
    await answers({ HOME: here.home });
    await computes({ HOME: here.home });
    expect(unpacked()).toHaveLength(1);
    expect(readdirSync(cache()).filter((name) => name.startsWith("."))).toEqual([]);
    // nothing beside the binary
    expect(readdirSync(here.folder).sort()).toEqual(["easel", "home"]);
  });

  test("reads no .env and no bunfig.toml of the folder it is started in", async () => {
    writeFileSync(join(here.folder, ".env"), "EASEL_PORT=not-a-port\n");
    writeFileSync(join(here.folder, "bunfig.toml"), 'preload = ["./missing.ts"]\n');
    await answers({ HOME: here.home });
  });

  test("works with a HOME that nobody can write, and says where it puts things", async () => {
    const env = { HOME: "/proc/self/nowhere", TMPDIR: here.folder };
    await using server = await started(here, env);
    expect(server.text()).toContain(`are kept in ${here.folder}/easel-`);
    expect(await server.stop()).toBe(0);
    await computes(env);
  });

  test("works without HOME", async () => {
    const data = { EASEL_DATA_DIR: join(here.folder, "data"), EASEL_CACHE_DIR: join(here.folder, "cache") };
    await answers(data);
    await computes(data);
  });

  test("works with a TMPDIR that does not exist", async () => {
    const env = { HOME: here.home, TMPDIR: join(here.folder, "missing") };
    await answers(env);
    await computes(env);
  });

  test("four first starts at once agree", async () => {
    const env = { HOME: here.home };
    // one data directory is one server's
    const data = (i: number) => ["--data-dir", join(here.folder, `data-${i}`)];
    const servers = await Promise.all([0, 1, 2, 3].map((i) => started(here, env, data(i))));
    const codes = await Promise.all(
      servers.map(async (server) => {
        expect((await server.get("/health")).status).toBe(200);
        return server.stop();
      }),
    );
    expect(codes).toEqual([0, 0, 0, 0]);
    const reports = await Promise.all(Array.from({ length: 4 }, () => computes(env)));
    expect(reports).toHaveLength(4);
    expect(unpacked()).toHaveLength(1);
  });
});

describe("a cache folder", () => {
  const env = () => ({ HOME: here.home });
  const file = () => join(cache(), unpacked()[0]!, "libmlx.so");

  test("that is half written is finished", async () => {
    await computes(env());
    rmSync(file());
    await computes(env());
    chmodSync(file(), 0o700);
    truncateSync(file(), 1000);
    await computes(env());
  });

  test("that is corrupted is repaired", async () => {
    await computes(env());
    const whole = readFileSync(file());
    chmodSync(file(), 0o700);
    writeFileSync(file(), new Uint8Array(whole.length));
    await computes(env());
    expect(readFileSync(file()).equals(whole)).toBe(true);
  });

  test("whose damage shows only when it is loaded is repaired by the start", async () => {
    await computes(env());
    const { mtime, size } = statSync(file());
    chmodSync(file(), 0o700);
    writeFileSync(file(), new Uint8Array(size));
    utimesSync(file(), mtime, mtime);
    await using server = await started(here, env());
    await server.stop();
    await computes(env());
  });

  test("whose damage shows in neither size nor time is repaired by `easel check`", async () => {
    await computes(env());
    const { mtime, size } = statSync(file());
    chmodSync(file(), 0o700);
    writeFileSync(file(), new Uint8Array(size));
    utimesSync(file(), mtime, mtime);
    expect((await ran(here, ["check", "--engine"], env())).out).toContain("were damaged and unpacked again");
    await computes(env());
  });

  test("of another version is left alone", async () => {
    mkdirSync(join(cache(), "native-0123456789abcdef"), { recursive: true });
    await computes(env());
    expect(unpacked()).toHaveLength(2);
  });

  test("that somebody removed is made again", async () => {
    await computes(env());
    rmSync(cache(), { recursive: true });
    await computes(env());
  });

  test("that was chosen and cannot be written ends the start with a message and leaves nothing", async () => {
    writeFileSync(join(here.folder, "file"), "");
    const chosen = { ...env(), EASEL_CACHE_DIR: join(here.folder, "file/cache") };
    const { err, code } = await ran(here, ["run", "--port", "0"], chosen);
    expect(err).toContain("choose one with cache_dir");
    expect(err).toContain("ENOTDIR");
    expect(code).toBe(3);
    expect(existsSync(cache())).toBe(false);
  });
});

describe("native parts of somebody's own", () => {
  test("are taken from EASEL_NATIVE_DIR", async () => {
    await computes({ HOME: here.home });
    const own = join(here.folder, "own");
    const { stdout } = Bun.spawnSync(["cp", "-r", join(cache(), unpacked()[0]!), own]);
    expect(stdout.toString()).toBe("");
    rmSync(cache(), { recursive: true });
    expect(await computes({ HOME: here.home, EASEL_NATIVE_DIR: own })).toContain(own);
    expect(existsSync(cache())).toBe(false);
  });

  test("that lack the library are refused", async () => {
    const env = { HOME: here.home, EASEL_NATIVE_DIR: here.folder };
    const { err, code } = await ran(here, ["run", "--port", "0"], env);
    expect(err).toContain(`EASEL_NATIVE_DIR is ${here.folder}, which holds no libeasel`);
    expect(code).toBe(3);
  });

  test("that are for another machine are refused with the loader's words", async () => {
    const own = join(here.folder, "own");
    mkdirSync(own);
    writeFileSync(join(own, "libeasel.so"), Buffer.from("7f454c46020101", "hex"));
    const env = { HOME: here.home, EASEL_NATIVE_DIR: own };
    const { err, code } = await ran(here, ["run", "--port", "0"], env);
    expect(err).toMatch(/^Error: the native library cannot be loaded: .+/m);
    expect(code).toBe(3);
  });
});

describe("a start that cannot be", () => {
  test("on a port that is taken ends with 3 and says so", async () => {
    await using server = await started(here, { HOME: here.home });
    const { port } = new URL(server.url);
    const args = ["run", "--port", port, "--data-dir", join(here.folder, "other")];
    const { err, code } = await ran(here, args, { HOME: here.home });
    expect(err).toContain(`Cannot listen on 127.0.0.1:${port}: the port is taken`);
    expect(code).toBe(3);
  });

  test("with another server's data ends with 3 and says so", async () => {
    await using _server = await started(here, { HOME: here.home });
    const { err, code } = await ran(here, ["run", "--port", "0"], { HOME: here.home });
    expect(err).toContain("Another easel server uses this data directory");
    expect(code).toBe(3);
  });

  test("with a wrong setting ends with 2 and names it", async () => {
    const { err, code } = await ran(here, ["run", "--port", "x"], { HOME: here.home });
    expect(err).toContain("--port");
    expect(code).toBe(2);
  });

  test("with an unknown command ends with 2", async () => {
    expect((await ran(here, ["paint"], { HOME: here.home })).code).toBe(2);
  });
});
