import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { emulated, type Place, place, ran } from "./server.ts";

let here: Place;
beforeEach(() => {
  here = place();
});
afterEach(() => here[Symbol.dispose]());

test("doctor tells of this machine from the binary alone, and names no home directory", async () => {
  const env = { HOME: here.home, PATH: process.env.PATH! };
  const { out, err, code } = await ran(here, ["doctor", "--json"], env);
  expect([code, err]).toEqual([0, ""]);
  const { ok, sections } = JSON.parse(out);
  expect(ok).toBe(true);
  expect(sections.Device).toMatchObject({ TF32: "off", "end of the process": 0 });
  expect(Object.values(sections.Kernels).every((words) => String(words).startsWith("ok,"))).toBe(true);
  expect(Object.keys(sections.Kernels).length).toBeGreaterThan(20);
  expect(sections["Native parts"].files.every((line: string) => line.endsWith("as packed"))).toBe(true);
  expect(out).not.toContain(here.home);
});

test("doctor finds a native part that is damaged, says how to mend it, and that mends it", async () => {
  const env = { HOME: here.home, PATH: process.env.PATH! };
  expect((await ran(here, ["doctor"], env)).code).toBe(0);
  const cache = join(here.home, ".cache/easel");
  const folder = join(cache, readdirSync(cache).find((name) => name.startsWith("native-"))!);
  const part = join(folder, "mini.safetensors");
  // of the same size and time: only its hash tells
  const { atime, mtime } = statSync(part);
  const bytes = readFileSync(part);
  bytes[bytes.length - 1]! ^= 1;
  chmodSync(part, 0o700);
  writeFileSync(part, bytes);
  utimesSync(part, atime, mtime);
  const { out, code } = await ran(here, ["doctor"], env);
  expect(code).toBe(1);
  expect(out).toContain("the native part mini.safetensors is damaged: easel check --engine unpacks it again");
  expect((await ran(here, ["check", "--engine"], env)).code).toBe(0);
  expect((await ran(here, ["doctor"], env)).code).toBe(0);
});

test("doctor tells of an engine that cannot start, in the words of the system", async () => {
  const env = { HOME: here.home, PATH: process.env.PATH!, EASEL_DEVICE: "gpu" };
  const { out, code } = await ran(here, ["doctor"], env);
  if (process.platform === "darwin") return expect(out).toContain("gpu");
  expect(code).toBe(1);
  expect(out).toContain("[open] this machine has no GPU that MLX can use");
});

// it is written for a Mac; here it runs without Apple's parts
test.if(!emulated && process.platform === "linux")(
  "the smoke test of a Mac runs through, and on another device than the wanted one it fails with the page",
  async () => {
    const smoke = async (device: string, port: string) => {
      const child = Bun.spawn(["sh", join(import.meta.dir, "../../packaging/macos/smoke.sh"), here.binary], {
        env: {
          PATH: process.env.PATH!,
          HOME: here.home,
          SMOKE_DEVICE: device,
          SMOKE_SERVICE: "no",
          PORT: port,
        },
        stdout: "pipe",
        stderr: "pipe",
      });
      const text = (await new Response(child.stdout).text()) + (await new Response(child.stderr).text());
      return { code: await child.exited, text };
    };
    const well = await smoke("cpu", "18765");
    expect(well.text).toContain("== a cancelled job\n== a clean end\n== all well on Linux");
    expect(well.code).toBe(0);
    const wrong = await smoke("gpu", "18766");
    expect(wrong.code).toBe(1);
    expect(wrong.text).toContain("computes on another device than the gpu");
    expect(wrong.text).toContain("== FAILED at: kernels of every family on the gpu");
    expect(wrong.text).toContain("easel doctor");
  },
);
