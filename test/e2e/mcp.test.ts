/** The server as agents see it: the official client, over HTTP and over standard input and output. */
import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { CallToolResult } from "@modelcontextprotocol/sdk/types.js";
import { extraKinds } from "../../src/capabilities/depth/extras/options.ts";
import { loadSharp } from "../../src/images/sharp.ts";
import { depthServer, site } from "./server.ts";

const images = join(import.meta.dir, "../fixtures/images");
const server = await depthServer({ activated: ["depthanything/v2-small"] });
const guarded = await depthServer({
  activated: ["depthanything/v2-small"],
  settings: { auth_token: "a-token-of-twenty-signs" },
});

async function agent(origin = server.origin, headers: Record<string, string> = {}) {
  const client = new Client({ name: "test", version: "1" });
  await client.connect(
    new StreamableHTTPClientTransport(new URL("/mcp", origin), { requestInit: { headers } }),
  );
  afterAll(() => client.close().catch(() => {}));
  return client;
}

interface Made {
  job_id: string;
  status: string;
  model?: string;
  width?: number;
  height?: number;
  files: { file_id: string; url: string; content_type: string }[];
}

const call = async (client: Client, name: string, args: Record<string, unknown>) => {
  const result = (await client.callTool({ name, arguments: args })) as CallToolResult;
  const content = result.content as { type: string; text?: string; uri?: string; mimeType?: string }[];
  return {
    ...result,
    content,
    text: content[0]?.text ?? "",
    made: result.structuredContent as unknown as Made,
  };
};

test("the tools say what they do, and their results have schemas", async () => {
  const client = await agent();
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual([
    "estimate_depth",
    "upscale_image",
    "generate_image",
    "edit_image",
    "get_job",
    "cancel_job",
    "list_jobs",
    "list_models",
    "activate_model",
  ]);
  for (const { name, annotations, inputSchema, outputSchema } of tools) {
    expect([name, inputSchema.additionalProperties]).toEqual([name, false]);
    expect([name, outputSchema?.type]).toEqual([name, "object"]);
    expect([name, annotations?.readOnlyHint]).toEqual([name, /^(get|list)_/.test(name)]);
  }
  expect(client.getServerVersion()?.name).toBe("easel");
});

test("an agent that knows only the address gets a depth map with a link, a preview and structure", async () => {
  const client = await agent();
  const { url } = site(images);
  const { made, content } = await call(client, "estimate_depth", { image: { url: url("/turn-1.png") } });
  expect(made).toMatchObject({ status: "succeeded", model: "v2-small" });
  expect(content.map(({ type }) => type)).toEqual(["text", "resource_link", "image"]);
  const [file] = made.files;
  expect(content[1]).toMatchObject({ uri: file!.url, mimeType: "image/png" });
  const bytes = await (await fetch(file!.url)).bytes();
  expect(Buffer.from(bytes.subarray(1, 4)).toString()).toBe("PNG");
  const listed = await call(client, "list_jobs", { limit: 1 });
  expect(JSON.stringify(listed.structuredContent)).toContain(made.job_id);
});

test("a picture inside the call, and one of an earlier result, are taken", async () => {
  const client = await agent();
  const bytes = Buffer.from(await Bun.file(join(images, "turn-1.png")).arrayBuffer());
  const first = await call(client, "estimate_depth", {
    image: { data_url: `data:image/png;base64,${bytes.toString("base64")}` },
    include_depth_data: true,
  });
  expect(first.made.files.map(({ content_type }) => content_type)).toEqual(["image/png", expect.any(String)]);
  const again = await call(client, "estimate_depth", { image: { file_id: first.made.files[0]!.file_id } });
  expect(again.made.status).toBe("succeeded");
});

test("every file that a depth map can become is linked", async () => {
  const client = await agent();
  const { file_id } = await server.upload(join(images, "turn-1.png"));
  const { made, content } = await call(client, "estimate_depth", {
    image: { file_id },
    extras: extraKinds,
    fov_deg: 60,
  });
  expect(made.files.map(({ content_type }) => content_type)).toEqual([
    "image/png",
    "model/gltf-binary",
    "application/octet-stream",
    "image/png",
    "image/x-exr",
    "image/jpeg",
    "image/jpeg",
  ]);
  expect(content.filter(({ type }) => type === "resource_link").length).toBe(7);
});

test("without waiting the running job comes back, and get_job fetches it later with progress", async () => {
  const client = await agent();
  const { file_id } = await server.upload(join(images, "turn-1.png"));
  const { made, text } = await call(client, "estimate_depth", { image: { file_id }, wait_s: 0 });
  expect(["queued", "running", "succeeded"]).toContain(made.status);
  if (made.status !== "succeeded") expect(text).toContain("get_job");
  const told: number[] = [];
  const later = await client.callTool(
    { name: "get_job", arguments: { job_id: made.job_id, wait_s: 60 } },
    undefined,
    { onprogress: ({ progress }) => told.push(progress) },
  );
  expect((later.structuredContent as unknown as Made).status).toBe("succeeded");
  expect([...told].sort((a, b) => a - b)).toEqual(told);
});

describe("mistakes are tool errors with the server's code:", () => {
  const mistakes: [name: string, args: Record<string, unknown>, expected: RegExp][] = [
    ["estimate_depth", { image: { file_id: "file_0123" } }, /^unknown_file: /],
    ["estimate_depth", { image: { url: "http://169.254.169.254/latest" } }, /private_url/],
    [
      "estimate_depth",
      { image: { url: "https://example.com/a.png" }, model: "no-such" },
      /^unknown_model: .*depthanything\/v2-small/,
    ],
    ["generate_image", { prompt: "a fox" }, /^not_activated: .*easel activate /],
    ["get_job", { job_id: "job_0123" }, /^job_not_found: /],
    ["cancel_job", { job_id: "job_0123" }, /^job_not_found: /],
    ["activate_model", { model: "no-such" }, /^unknown_model: /],
    ["activate_model", { model: "flux2/klein-4b", bits: 5 }, /published in 8 and 4 bits, not in 5/],
    ["activate_model", { model: "depthpro/base" }, /^(license_not_accepted|invalid_parameter): /],
  ];
  test.each(mistakes)("%s %j", async (name, args, expected) => {
    const client = await agent();
    const { isError, text, structuredContent } = await call(client, name, args);
    expect([isError, structuredContent]).toEqual([true, undefined]);
    expect(text).toMatch(expected);
  });

  const wrong: [name: string, args: Record<string, unknown>][] = [
    ["no_such_tool", {}],
    ["estimate_depth", {}],
    ["estimate_depth", { image: 7 }],
    ["estimate_depth", { image: { path: "/etc/passwd" } }],
    ["get_job", { job_id: "../../etc/passwd" }],
    ["list_jobs", { limit: 1e9 }],
    ["estimate_depth", { image: { url: "https://example.com/a.png" }, wait_s: 1e9 }],
  ];
  test.each(wrong)("%s %j does not fit", async (name, args) => {
    const client = await agent();
    const outcome = await client.callTool({ name, arguments: args }).then(
      ({ isError }) => isError,
      (error: Error) => error.name,
    );
    expect(outcome === true || outcome === "McpError").toBe(true);
    expect((await call(client, "list_models", {})).isError).toBeFalsy();
  });
});

test("every tool refuses an argument that it does not have, by its name", async () => {
  const client = await agent();
  const { tools } = await client.listTools();
  for (const { name } of tools) {
    const { isError, text } = await call(client, name, { no_such_argument: 1 });
    expect([name, isError, text]).toEqual([name, true, expect.stringContaining("no_such_argument")]);
  }
});

test("edit_image repaints by the mask, in either meaning of it", async () => {
  const fixtures = join(import.meta.dir, "../fixtures");
  const { origin, get } = await depthServer({
    modelPaths: { "flux2/klein-4b": join(fixtures, "flux2/model") },
    settings: { flux2_default_width: 64, flux2_default_height: 64 },
  });
  const client = await agent(origin);
  const square = async (background: object) => {
    const create = { width: 64, height: 64, channels: 4 as const, background };
    const bytes = await loadSharp()({ create }).png().toBuffer();
    return { data_url: `data:image/png;base64,${bytes.toString("base64")}` };
  };
  const white = await square({ r: 255, g: 255, b: 255, alpha: 1 });
  const black = await square({ r: 0, g: 0, b: 0, alpha: 1 });
  const clear = await square({ r: 0, g: 0, b: 0, alpha: 0 });
  const edit = (args: object) =>
    call(client, "edit_image", { prompt: "a fox", model: "klein-4b", steps: 1, images: [white], ...args });
  const { params } = (await (
    await get(`/v1/jobs/${(await edit({ mask: clear, mask_marks: "transparent" })).made.job_id}`)
  ).json()) as { params: Record<string, unknown> };
  expect(params).toMatchObject({ mask: { type: "data_url" }, mask_marks: "transparent" });
  expect((await edit({ mask: white })).made.status).toBe("succeeded");
  expect((await edit({ mask: black })).text).toContain("no pixel of it is white");
  expect((await edit({ mask: black, mask_marks: "transparent" })).text).toContain(
    "no pixel of it is transparent",
  );
});

test("two hundred calls at once are all answered", async () => {
  const client = await agent();
  const answers = await Promise.all(Array.from({ length: 200 }, () => call(client, "list_models", {})));
  expect(answers.every(({ isError }) => !isError)).toBe(true);
});

test("a cancelled call cancels its job", async () => {
  const client = await agent();
  const { url } = site(images);
  const stop = new AbortController();
  const calling = client
    .callTool({ name: "estimate_depth", arguments: { image: { url: url("/never") } } }, undefined, {
      signal: stop.signal,
    })
    .catch((error: Error) => error);
  const latest = async () =>
    (
      (await (await server.get("/v1/jobs?limit=1")).json()) as {
        data: { id: string; status: string; params: unknown }[];
      }
    ).data[0]!;
  while (!JSON.stringify((await latest()).params).includes("/never")) await Bun.sleep(10);
  const { id } = await latest();
  stop.abort();
  await calling;
  expect((await server.ended(id)).status).toBe("canceled");
});

test("a page of another origin, an unknown session and a body that is not JSON are refused", async () => {
  const post = (headers: Record<string, string>, body: string) =>
    fetch(new URL("/mcp", server.origin), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...headers,
      },
      body,
    });
  const ping = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" });
  expect((await post({ origin: "https://evil.example" }, ping)).status).toBe(403);
  expect((await post({ "mcp-session-id": "not-mine" }, ping)).status).toBe(404);
  expect((await post({}, "{")).status).toBe(400);
  expect((await post({}, ping)).status).toBe(400);
  expect((await fetch(new URL("/mcp", server.origin), { method: "PUT" })).status).toBe(405);
});

describe("a message over HTTP", () => {
  const send = async (message: object, session?: string) => {
    const answer = await fetch(new URL("/mcp", server.origin), {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...(session && { "mcp-session-id": session }),
      },
      body: JSON.stringify(message),
    });
    return {
      status: answer.status,
      session: answer.headers.get("mcp-session-id"),
      text: await answer.text(),
    };
  };
  const initialize = (name: string) => ({
    jsonrpc: "2.0",
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name, version: "1" } },
  });
  const refusal = ({ status, text }: { status: number; text: string }) => ({
    status,
    ...(JSON.parse(text) as { error: { code: number; message: string } }).error,
  });

  test("that begins a session is short, since the session keeps it", async () => {
    const begun = await send(initialize("n".repeat(65_000)));
    expect([begun.status, typeof begun.session]).toEqual([200, "string"]);
    const long = await send(initialize("n".repeat(65_536)));
    expect(long.session).toBeNull();
    expect(refusal(long)).toMatchObject({ status: 413, code: -32600 });
    expect(refusal(long).message).toMatch(/65536 bytes.*begins a session/);
  });

  test("may hold a large picture, but not very many small values", async () => {
    const { session } = await send(initialize("n"));
    const list = (values: unknown) => ({ jsonrpc: "2.0", id: 2, method: "tools/list", params: { values } });
    expect((await send(list("A".repeat(8 * 2 ** 20)), session!)).status).toBe(200);
    const many = refusal(await send(list(Array(400_000).fill([])), session!));
    expect(many).toMatchObject({ status: 413, code: -32600 });
    expect(many.message).toContain("1048576 bytes outside strings");
    expect((await send(list([]), session!)).status).toBe(200);
  });
});

test("with a token the client needs it, and its tools use it", async () => {
  expect(await agent(guarded.origin).catch((error: Error) => error)).toBeInstanceOf(Error);
  const client = await agent(guarded.origin, { authorization: "Bearer a-token-of-twenty-signs" });
  const { file_id } = await guarded.upload(join(images, "turn-1.png"));
  expect((await call(client, "estimate_depth", { image: { file_id } })).made.status).toBe("succeeded");
});

test("easel mcp speaks over standard input, and takes pictures by path inside its folder alone", async () => {
  const folder = mkdtempSync(join(tmpdir(), "easel-mcp-"));
  const outside = mkdtempSync(join(tmpdir(), "easel-mcp-outside-"));
  afterAll(() => {
    for (const each of [folder, outside]) rmSync(each, { recursive: true, force: true });
  });
  copyFileSync(join(images, "turn-1.png"), join(folder, "picture.png"));
  writeFileSync(join(outside, "secret.png"), "secret");
  symlinkSync(join(outside, "secret.png"), join(folder, "link.png"));
  const { port } = new URL(server.origin);
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [join(import.meta.dir, "../../src/main.ts"), "mcp", "--allow", folder],
    env: { PATH: process.env.PATH!, HOME: folder, EASEL_PORT: port, EASEL_HOST: "127.0.0.1" },
    stderr: "ignore",
  });
  const client = new Client({ name: "test", version: "1" });
  await client.connect(transport);
  const depth = (path: string) => call(client, "estimate_depth", { image: { path } });
  expect((await depth(join(folder, "picture.png"))).made.status).toBe("succeeded");
  for (const path of [
    join(outside, "secret.png"),
    join(folder, "link.png"),
    join(folder, "../x"),
    folder,
    "/etc/passwd",
  ]) {
    const { isError, text } = await depth(path);
    expect([path, isError, text.split(":")[0]]).toEqual([path, true, "invalid_reference"]);
  }
  await client.close();
});
