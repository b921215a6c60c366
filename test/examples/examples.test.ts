/** Every example does what it says, against a real server with the model that comes inside the program. */
import { afterAll, expect, test } from "bun:test";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiTypes, type Document } from "../../scripts/docs/api-types.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import { patience, playground } from "../playground/browser.ts";

const examples = join(import.meta.dir, "../../examples");
const street = join(examples, "street.jpg");
const folder = mkdtempSync(join(tmpdir(), "easel-examples-"));
afterAll(() => rmSync(folder, { recursive: true }));

const token = "an example's token";
const { site } = playground();
const server = site({ auth_token: token });

async function ran(command: string[], env: Record<string, string> = {}) {
  const { url } = await server;
  const child = Bun.spawn(command, {
    cwd: folder,
    env: { ...process.env, EASEL_URL: url, EASEL_AUTH_TOKEN: token, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out, err, code };
}

/** Whether a file is a picture of the street's size, in colours or not. */
async function isDepth(name: string, coloured: boolean): Promise<void> {
  const wanted = await loadSharp()(street).metadata();
  const { width, height, channels } = await loadSharp()(join(folder, name)).metadata();
  expect([name, width, height, channels]).toEqual([name, wanted.width, wanted.height, coloured ? 3 : 1]);
}

test(
  "curl",
  async () => {
    const { code, err } = await ran([join(examples, "depth.sh"), street, "curl.png"]);
    expect([code, err]).toEqual([0, ""]);
    await isDepth("curl.png", true);
    const refused = await ran([join(examples, "depth.sh"), street, "no.png"], { EASEL_AUTH_TOKEN: "wrong" });
    expect(refused.code).not.toBe(0);
  },
  patience,
);

test(
  "Python, with the job's progress and the depth as numbers",
  async () => {
    const { code, out, err } = await ran([
      "python3",
      join(examples, "depth.py"),
      street,
      "python.png",
      "python.npz",
    ]);
    expect([code, err.includes("Traceback")]).toEqual([0, false]);
    expect(out).toMatch(/^\d+ x \d+, relative_inverse, model mini\n$/);
    await isDepth("python.png", false);
    expect(readFileSync(join(folder, "python.npz")).subarray(0, 2).toString()).toBe("PK");
  },
  patience,
);

test(
  "a folder of pictures, one of which is none, and again without doing anything twice",
  async () => {
    mkdirSync(join(folder, "in"));
    cpSync(street, join(folder, "in/one.jpg"));
    cpSync(street, join(folder, "in/two words.jpg"));
    await Bun.write(join(folder, "in/text.png"), "no picture");
    const command = ["python3", join(examples, "batch.py"), "in", "out", "--colormap", "inferno"];
    const first = await ran(command);
    expect([first.code, first.err]).toEqual([1, expect.stringMatching(/^text\.png: input image could not/)]);
    await isDepth("out/one.jpg.depth.png", true);
    await isDepth("out/two words.jpg.depth.png", true);
    expect(existsSync(join(folder, "out/text.png.depth.png"))).toBe(false);
    rmSync(join(folder, "in/text.png"));
    expect(await ran(command)).toEqual({ out: "", err: "", code: 0 });
  },
  patience,
);

test(
  "TypeScript",
  async () => {
    const command = [process.execPath, join(examples, "typescript/depth.ts"), street, "typescript.png"];
    const { code, out, err } = await ran(command);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/model mini/);
    await isDepth("typescript.png", true);
  },
  patience,
);

test(
  "the TypeScript example's types are true to the served documents",
  async () => {
    const { get } = await server;
    const documents = {
      common: await get<Document>("/openapi.json"),
      depthanything: await get<Document>("/v1/image/depthanything/openapi.json"),
    };
    const written = readFileSync(join(examples, "typescript/easel.ts"), "utf8");
    // What the server has learnt since then may be missing, but nothing may be wrong. The formatter has its own ideas of line breaks.
    const types = (source: string) =>
      new Map(
        source
          .split("export namespace ")
          .flatMap((space) =>
            [...space.matchAll(/export type (\w+)(.*?)(?=export|$)/gs)].map(([, name, body]) => [
              `${/^\w+/.exec(space)![0]}.${name}`,
              body!.split(/[;{}]/).map((field) => field.replace(/[\s|,]+/g, "")),
            ]),
          ),
      );
    const served = types(apiTypes(documents));
    for (const [name, fields] of types(written))
      expect([name, fields.filter((field) => !served.get(name)?.includes(field))]).toEqual([name, []]);
  },
  patience,
);
