import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Place, place, ran, type Server, started } from "./server.ts";

let here: Place;
let server: Server;
beforeAll(async () => {
  here = place();
  copyFileSync(join(import.meta.dir, "../../examples/street.jpg"), join(here.folder, "street.jpg"));
  server = await started(here, { HOME: here.home });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  here[Symbol.dispose]();
});

const mini = ["--model", "depthanything/mini"];
/** Each command with its exit code, without a server and beside one. */
const commands = [
  [["version"], 0, 0],
  [["status"], 0, 0],
  [["activate", ...mini], 0, 0],
  [["deactivate", "--yes", ...mini], 0, 0],
  [["check", ...mini], 0, 0],
  [["check", "--engine"], 0, 0],
  [["depth", "street.jpg"], 0, 0],
  [["plan", "depthanything/mini"], 0, 0],
  [["bench", ...mini, "--runs", "1", "--size", "64x48"], 0, 0],
  [["jobs"], 1, 0],
  [["files"], 1, 0],
  [["ps"], 1, 0],
  [["list"], 0, 0],
  [["unload", "depthanything/mini"], 1, 0],
  [["loras"], 0, 0],
  [["cache"], 0, 0],
  [["config", "show"], 0, 0],
  [["config", "schema"], 0, 0],
  [["service", "show"], 0, 0],
  [["completion", "bash"], 0, 0],
] as const;

describe.each([
  ["without a server", 0],
  ["beside a server", 1],
] as const)("%s", (_, which) => {
  test.each(commands.map((each) => [each[0].join(" "), each] as const))("easel %s works", async (_, each) => {
    const [args, ...codes] = each;
    const port = which === 0 ? "1" : new URL(server.url).port;
    const { err, code } = await ran(here, [...args], { HOME: here.home, EASEL_PORT: port });
    expect({ err: code === 0 ? "" : err, code }).toEqual({
      err: codes[which] === 0 ? "" : "Error: No server answers on 127.0.0.1:1. Start one with: easel run\n",
      code: codes[which],
    });
  });
});

test("each command stands in the table above", () => {
  const page = readFileSync(join(import.meta.dir, "../../docs/reference/cli.md"), "utf8");
  const names = new Set([...page.matchAll(/^## easel ([a-z]+)/gm)].map(([, name]) => name));
  const elsewhere = ["run", "upscale", "generate", "edit", "doctor", "repair", "mcp", "fleet"];
  for (const [[name]] of commands) names.delete(name);
  for (const name of elsewhere) names.delete(name);
  expect([...names]).toEqual([]);
});

test("easel status shows what the server has, not this shell's settings", async () => {
  const data = join(here.folder, "other");
  const paths = JSON.stringify({ "depthanything/v2-small": here.folder });
  await using other = await started(here, {
    HOME: here.home,
    EASEL_DATA_DIR: data,
    EASEL_MODEL_PATHS: paths,
  });
  const env = { HOME: here.home, EASEL_PORT: new URL(other.url).port };
  const { out } = await ran(here, ["status", "--json", "depthanything/v2-small"], env);
  expect(JSON.parse(out)).toMatchObject([{ name: "v2-small", status: "local" }]);
  while ((await other.get("/ready")).status !== 200) await Bun.sleep(20);
  const words = (await ran(here, ["status"], env)).out;
  expect(words).toMatch(/^As the running server at .* It computes on the (processor|GPU) \(.+\)/m);
});

test("bench measures the others when one model is broken", async () => {
  const broken = join(import.meta.dir, "../fixtures/seedvr2/3b");
  const { out, err, code } = await ran(here, ["bench", "--runs", "1", "--size", "64x48"], {
    HOME: here.home,
    EASEL_PORT: "1",
    EASEL_MODEL_PATHS: JSON.stringify({ "seedvr2/3b": broken }),
  });
  expect(out).toContain("depthanything/mini");
  expect(err).toContain("seedvr2/3b failed: ");
  expect(err).toEndWith("Error: Not measured: seedvr2/3b\n");
  expect(code).toBe(1);
});

test("options without an effect are named, and what a model lacks is said before its download", async () => {
  const env = { HOME: here.home, EASEL_PORT: "1" };
  const noted = ["depth", "street.jpg", "--quantize", "8", "--focal-length-px", "700", "-o", "noted.png"];
  const { err } = await ran(here, noted, env);
  expect(err).toContain("note: quantize: mini has no weights to quantize\n");
  expect(err).toContain("note: focal_length_px: the depth of mini does not depend on it\n");
  const fast = await ran(here, ["generate", "a cube", "--model", "qwen/image", "--fast", "4"], env);
  expect(fast.err).toBe("Error: fast: 4 needs an adapter. Give its file in the setting qwen_lightning_4\n");
});
