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

/** The lines of a stream, one at a time. */
function linesOf(stream: ReadableStream<Uint8Array>) {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  return {
    async next(): Promise<string> {
      while (!rest.includes("\n")) {
        const { value, done } = await reader.read();
        if (done) throw new Error("the stream ended");
        rest += decoder.decode(value, { stream: true });
      }
      const [line, ...others] = rest.split("\n");
      rest = others.join("\n");
      return line!;
    },
  };
}

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
  "a webhook's signature is verified, and what was not signed is refused",
  async () => {
    const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
    await using receiver = Bun.spawn(["python3", join(examples, "webhook.py"), "0"], {
      env: { ...process.env, EASEL_WEBHOOK_SECRET: secret },
      stdout: "pipe",
    });
    const lines = linesOf(receiver.stdout);
    const port = /^listening on (\d+)$/.exec(await lines.next())![1];
    const hook = `http://127.0.0.1:${port}/hook`;
    const { url } = await site({ webhook_secret: secret, allowed_url_hosts: [`127.0.0.1:${port}`] });
    const image = { data_url: `data:image/jpeg;base64,${readFileSync(street).toString("base64")}` };
    const answer = await fetch(new URL("/v1/image/depthanything/estimate", url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ image, mode: "async", webhook: hook, include_depth_data: false }),
    });
    const { job_id } = (await answer.json()) as { job_id: string };
    expect(await lines.next()).toBe(`${job_id} succeeded`);

    const id = "msg_1";
    const forge = async (seconds: number, key: string) => {
      const body = JSON.stringify({ id: "job_x", status: "succeeded" });
      const stamp = String(Math.floor(Date.now() / 1000) - seconds);
      const hash = new Bun.CryptoHasher("sha256", Buffer.from(key, "base64")).update(
        `${id}.${stamp}.${body}`,
      );
      const headers = {
        "webhook-id": id,
        "webhook-timestamp": stamp,
        "webhook-signature": `v1,${hash.digest("base64")}`,
      };
      const { status } = await fetch(hook, { method: "POST", headers, body });
      return [status, await lines.next()];
    };
    expect(await forge(0, Buffer.alloc(32, 8).toString("base64"))).toEqual([
      400,
      "refused: the signature is wrong",
    ]);
    expect(await forge(3600, secret.slice(6))).toEqual([400, "refused: the message is too old"]);
    expect(await forge(0, secret.slice(6))).toEqual([204, "job_x succeeded"]);
  },
  patience,
);

test.each(["depth.sh", "depth.py", "batch.py", "webhook.py", "typescript/depth.ts"])(
  "%s says its usage without arguments",
  async (name) => {
    const runner = name.endsWith(".py") ? ["python3"] : name.endsWith(".ts") ? [process.execPath] : [];
    const { out, err, code } = await ran([...runner, join(examples, name)]);
    expect([out, err.split("\n")[0], code === 0]).toEqual(["", expect.stringMatching(/^usage: /), false]);
  },
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
