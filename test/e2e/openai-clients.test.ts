/** OpenAI's own clients, in TypeScript and in Python, against the whole server with a tiny checkpoint in the published layout. */
import { expect, test } from "bun:test";
import { createReadStream, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import OpenAI, { APIError } from "openai";
import { loadSharp } from "../../src/images/sharp.ts";
import { available } from "../available.ts";
import { depthServer } from "./server.ts";

const fixtures = join(import.meta.dir, "../fixtures/qwen");
const picture = join(fixtures, "first.png");
const token = "an example's token";
const server = await depthServer({
  modelPaths: { "qwen/image": join(fixtures, "image"), "qwen/edit-2509": join(fixtures, "image") },
  settings: {
    auth_token: token,
    qwen_default_width: 64,
    qwen_default_height: 48,
    qwen_generate_steps: 4,
    qwen_edit_steps: 4,
    qwen_reference_pixels: 128 * 128,
  },
});
const baseURL = `${server.origin}/v1`;
const client = new OpenAI({ apiKey: token, baseURL, maxRetries: 0 });
const patience = 180_000;

async function sizeOf(bytes: Uint8Array): Promise<unknown[]> {
  const { width, height, format } = await loadSharp()(bytes).metadata();
  return [width, height, format];
}
const bytesOf = (base64: string | undefined) => Buffer.from(base64 ?? "", "base64");

test(
  "TypeScript: models, generating, editing, links, pictures on the way, errors, the same key again",
  async () => {
    const models = await Array.fromAsync(client.models.list());
    expect(models.map(({ id }) => id).sort()).toEqual(["qwen/edit-2509", "qwen/image"]);

    const made = await client.images.generate({ model: "gpt-image-1", prompt: "a red fox", n: 2 });
    expect(made.data?.length).toBe(2);
    expect(await sizeOf(bytesOf(made.data![0]!.b64_json))).toEqual([64, 48, "png"]);
    expect(made.data![0]!.b64_json).not.toBe(made.data![1]!.b64_json);

    const linked = await client.images.generate({
      model: "qwen/image",
      prompt: "a red fox",
      size: "48x64" as "1024x1024",
      response_format: "url",
      output_format: "webp",
      background: "opaque",
    });
    const behind = await (await fetch(linked.data![0]!.url!)).arrayBuffer();
    expect(await sizeOf(new Uint8Array(behind))).toEqual([48, 64, "webp"]);

    const edited = await client.images.edit({ image: createReadStream(picture), prompt: "make it blue" });
    expect((await sizeOf(bytesOf(edited.data![0]!.b64_json))).at(-1)).toBe("png");

    const stream = await client.images.generate({ prompt: "a red fox", stream: true, partial_images: 2 });
    const types: string[] = [];
    for await (const event of stream) {
      types.push(event.type);
      expect((await loadSharp()(bytesOf(event.b64_json)).metadata()).width).toBeGreaterThan(0);
    }
    expect(types.at(-1)).toBe("image_generation.completed");
    expect(types.filter((type) => type === "image_generation.partial_image").length).toBeGreaterThan(0);

    const key = { headers: { "Idempotency-Key": "one fox" } };
    const jobs = (await server.counts()).jobs;
    const first = await client.images.generate({ prompt: "a fox once" }, key);
    const again = await client.images.generate({ prompt: "a fox once" }, key);
    expect(again.data).toEqual(first.data);
    expect((await server.counts()).jobs).toBe(jobs + 1);

    const clear = await client.images
      .generate({ prompt: "a fox", background: "transparent" })
      .catch((error: unknown) => error as APIError);
    expect(clear).toBeInstanceOf(APIError);
    expect((clear as APIError).status).toBe(400);
  },
  patience,
);

test(
  "an edit as JSON, with its picture inside",
  async () => {
    const answer = await server.post("/v1/images/edits", {
      prompt: "make it blue",
      images: [{ image_url: `data:image/png;base64,${readFileSync(picture).toString("base64")}` }],
    });
    const { data } = (await answer.json()) as { data: { b64_json: string }[] };
    expect(answer.status).toBe(200);
    expect((await sizeOf(bytesOf(data[0]!.b64_json))).at(-1)).toBe("png");
  },
  patience,
);

/** A mask whose right half is transparent, in the picture's size. */
async function halfMask(): Promise<string> {
  const { width, height } = await loadSharp()(picture).metadata();
  const half = Math.floor(width / 2);
  const bytes = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
    i % 4 === 3 && Math.floor(i / 4) % width < half ? 255 : 0,
  );
  const path = join(mkdtempSync(join(tmpdir(), "easel-mask-")), "mask.png");
  await loadSharp()(bytes, { raw: { width, height, channels: 4 } }).toFile(path);
  return path;
}

/** How far a picture is from the one that was changed, at most: in the left third, which the mask keeps, and in the right one. */
async function apart(base64: string | undefined): Promise<[kept: number, repainted: number]> {
  const { data, info } = await loadSharp()(bytesOf(base64)).raw().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const source = await loadSharp()(picture).resize(width, height, { fit: "fill" }).raw().toBuffer();
  const most = (from: number, to: number) =>
    data.reduce((most, value, i) => {
      const x = Math.floor(i / 3) % width;
      return x >= from && x < to ? Math.max(most, Math.abs(value - source[i]!)) : most;
    }, 0);
  return [most(0, Math.floor(width / 3)), most(Math.ceil((2 * width) / 3), width)];
}

test(
  "TypeScript: a mask repaints its transparent part and keeps the rest",
  async () => {
    const mask = await halfMask();
    const made = await client.images.edit({
      image: createReadStream(picture),
      mask: createReadStream(mask),
      prompt: "a red ball",
    });
    const [kept, repainted] = await apart(made.data![0]!.b64_json);
    // The picture is brought to multiples of 16, here and there by another program.
    expect(kept).toBeLessThanOrEqual(20);
    expect(repainted).toBeGreaterThan(60);
  },
  patience,
);

test(
  "a form that writes every file as a list: its mask[] is the mask",
  async () => {
    const form = new FormData();
    form.set("prompt", "a red ball");
    form.append("image[]", new File([readFileSync(picture)], "first.png"));
    form.append("mask[]", new File([readFileSync(await halfMask())], "mask.png"));
    const answer = await fetch(`${baseURL}/images/edits`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: form,
    });
    expect(answer.status).toBe(200);
    const { data } = (await answer.json()) as { data: { b64_json: string }[] };
    const [kept, repainted] = await apart(data[0]!.b64_json);
    expect(kept).toBeLessThanOrEqual(20);
    expect(repainted).toBeGreaterThan(60);
  },
  patience,
);

/** A Python that has the client: the one that EASEL_TEST_PYTHON names, else the usual one. */
const python = process.env.EASEL_TEST_PYTHON ?? "python3";
const has = available(
  Bun.which(python) !== null && Bun.spawnSync([python, "-c", "import openai"]).success,
  "The test with OpenAI's Python client",
  "Run: pip install -r test/reference/requirements-clients.txt, or name a Python that has it in EASEL_TEST_PYTHON",
);

test.skipIf(!has)(
  "Python: models, generating, editing, links, pictures on the way, errors, the same key again",
  async () => {
    const script = join(import.meta.dir, "../reference/openai_client.py");
    const child = Bun.spawn([python, script, baseURL, token, picture, await halfMask()], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    expect([await child.exited, err]).toEqual([0, ""]);
    const told = JSON.parse(out) as Record<string, unknown>;
    expect(told).toMatchObject({
      models: ["qwen/edit-2509", "qwen/image"],
      pictures: 2,
      png: true,
      webp: true,
      edited: true,
      last: "image_generation.completed",
      again: true,
      refused: [400, "invalid_parameter"],
      unknown: [404, "model_not_found"],
      stranger: 401,
    });
    expect(told.partial).toBeGreaterThan(0);
    const [kept, repainted] = await apart(told.repainted as string);
    expect(kept).toBeLessThanOrEqual(20);
    expect(repainted).toBeGreaterThan(60);
    expect(told.size).toMatch(/^\d+x\d+$/);
  },
  patience,
);

test(
  "what no model is named for goes to klein-4b, then to Z-Image Turbo, then to Qwen-Image: the first that is here",
  async () => {
    const folder = join(import.meta.dir, "../fixtures");
    const modelPaths = {
      "flux2/klein-4b": join(folder, "flux2/model"),
      "zimage/turbo": join(folder, "zimage/model"),
      "qwen/image": join(fixtures, "image"),
      "qwen/edit-2509": join(fixtures, "image"),
    };
    const sizes = Object.fromEntries(
      ["flux2", "zimage", "qwen"].flatMap((family) => [
        [`${family}_default_width`, 64],
        [`${family}_default_height`, 64],
      ]),
    );
    const usedBy = async (activated: string[]) => {
      const made = await depthServer({
        modelPaths: Object.fromEntries(
          Object.entries(modelPaths).filter(([name]) => activated.includes(name)),
        ),
        activated,
        settings: { ...sizes, qwen_generate_steps: 1, qwen_edit_steps: 1, qwen_reference_pixels: 128 * 128 },
      });
      const client = new OpenAI({ apiKey: "none", baseURL: `${made.origin}/v1`, maxRetries: 0 });
      const drawn = await client.images.generate({ prompt: "a red fox", quality: "low" });
      expect(await sizeOf(bytesOf(drawn.data![0]!.b64_json))).toEqual([64, 64, "png"]);
      const edited = await client.images
        .edit({ model: "gpt-image-1", image: createReadStream(picture), prompt: "make it blue" })
        .then(({ data }) => sizeOf(bytesOf(data![0]!.b64_json)));
      expect(edited).toEqual([64, 64, "png"]);
      const jobs = (await (await made.get("/v1/jobs")).json()) as {
        data: { type: string; params: { model: string } }[];
      };
      return jobs.data.map(({ type, params }) => `${type} ${params.model}`).sort();
    };
    expect(await usedBy(Object.keys(modelPaths))).toEqual(["flux2 klein-4b", "flux2-edit klein-4b"]);
    expect(await usedBy(["zimage/turbo", "qwen/image", "qwen/edit-2509"])).toEqual([
      "qwen-edit edit-2509",
      "zimage turbo",
    ]);
    expect(await usedBy(["qwen/image", "qwen/edit-2509"])).toEqual(["qwen image", "qwen-edit edit-2509"]);
  },
  patience,
);
