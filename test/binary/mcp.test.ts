/** The binary as agents see it, with the official Python client of MCP, over both transports. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { available } from "../available.ts";
import { emulated, type Place, place, started } from "./server.ts";

let here: Place;
beforeAll(() => {
  here = place();
});
afterAll(() => here[Symbol.dispose]());

const python = process.env.EASEL_TEST_PYTHON ?? "python3";
const has = available(
  Bun.which(python) !== null && Bun.spawnSync([python, "-c", "import mcp"]).success,
  "The test with MCP's Python client",
  "Run: pip install -r test/reference/requirements-clients.txt, or name a Python that has it in EASEL_TEST_PYTHON",
);

async function seenBy(args: string[], env: Record<string, string>) {
  const script = join(import.meta.dir, "../reference/mcp_client.py");
  const picture = join(import.meta.dir, "../../examples/thumbs/street.jpg");
  const child = Bun.spawn([python, script, picture, ...args], { env, stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect({ code: await child.exited, err: out ? "" : err }).toEqual({ code: 0, err: "" });
  return JSON.parse(out) as Record<string, unknown>;
}

const seen = {
  tools: [
    "activate_model",
    "cancel_job",
    "edit_image",
    "estimate_depth",
    "generate_image",
    "get_job",
    "list_jobs",
    "list_models",
    "upscale_image",
  ],
  schemas: true,
  depth: "succeeded",
  kinds: ["image", "resource_link", "text"],
  upscaled: "succeeded",
  rising: true,
  begun: true,
  later: "succeeded",
  png: true,
  stranger: true,
  wrong: true,
  unknown: true,
};

test.skipIf(!has)("a depth map, an upscaled picture and a job fetched later, over HTTP", async () => {
  await using server = await started(here, { HOME: here.home });
  expect(await seenBy(["http", new URL("/mcp", server.url).href], {})).toEqual(seen);
});

test.skipIf(!has || emulated)("the same over standard input and output", async () => {
  await using server = await started(here, { HOME: here.home });
  const env = { HOME: here.home, EASEL_PORT: new URL(server.url).port };
  expect(await seenBy(["stdio", ...here.command, "mcp"], env)).toEqual(seen);
});
