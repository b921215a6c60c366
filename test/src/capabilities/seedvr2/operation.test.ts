import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckContext, Operation } from "../../../../src/capabilities/capability.ts";
import { UpscaleRequest } from "../../../../src/capabilities/seedvr2/contract.ts";
import { seedvr2 } from "../../../../src/capabilities/seedvr2/index.ts";
import { Refusal } from "../../../../src/errors.ts";
import type { FileRecord } from "../../../../src/files/file.ts";
import { loadSharp } from "../../../../src/images/sharp.ts";
import { defaultSettings, type SomeSettings } from "../../../../src/settings/load.ts";
import { noPrompts } from "../../prompts.ts";

const operation = seedvr2.operations[0] as unknown as Operation<unknown>;
const folder = mkdtempSync(join(tmpdir(), "easel-upscale-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "input.png");
await loadSharp()({ create: { width: 64, height: 48, channels: 3, background: "teal" } })
  .png()
  .toFile(path);

const contextOf = (settings: SomeSettings = {}, missing: readonly string[] = []): CheckContext => ({
  settings: defaultSettings({ seedvr2_default_quantize: null, ...settings }),
  prompts: noPrompts,
  budget: () => Infinity,
  activation: () => (missing.length > 0 ? { missing } : { source: { paths: [folder] } }),
});
const image = { type: "file_id", file_id: `file_${"0".repeat(32)}` };
const check = (body: object, context = contextOf()) =>
  operation.check(UpscaleRequest.parse({ image, ...body }), context);
const prepare = (params: Record<string, unknown>, context = contextOf()) =>
  operation.prepare(params, {
    ...context,
    signal: new AbortController().signal,
    resolve: async () => ({ path, record: { file_id: image.file_id } as FileRecord }),
  });
const peakOf = (need: { phases: readonly { workingBytes: number }[] }) =>
  Math.max(...need.phases.map(({ workingBytes }) => workingBytes));

describe("check()", () => {
  test("takes what the request leaves open from the settings, and keeps it", () => {
    const settings = {
      seedvr2_default_resolution: "720",
      seedvr2_default_softness: 0.25,
      seedvr2_color_fix: "lab",
      seedvr2_tile: 256,
    } as const;
    const kept = {
      resolution: "720",
      softness: 0.25,
      color_fix: "lab",
      tile: 256,
      quantize: null,
      seed: null,
    };
    expect(check({}, contextOf(settings))).toMatchObject(kept);
    const asked = { resolution: 96, softness: 0, color_fix: "none", tile: 640 } as const;
    expect(check(asked, contextOf(settings))).toMatchObject(asked);
    expect(check({})).toMatchObject({ resolution: "2x", softness: 0, color_fix: "wavelet-lab", tile: 512 });
  });

  test("a seed of -1 is a random one, any other is kept", () => {
    for (const [seed, kept] of [
      [-1, null],
      [null, null],
      [0, 0],
      [-2, -2],
    ] as const)
      expect(check({ seed })).toMatchObject({ seed: kept });
  });

  test("lists the files that are missing before anything is queued", () => {
    const missing = ["numz/SeedVR2_comfyUI#3b", "ByteDance-Seed/SeedVR2-3B"];
    const refused = () => check({ model: "3b" }, contextOf({}, missing));
    expect(refused).toThrow(Refusal);
    expect(refused).toThrow(
      /'3b' is not activated; missing: numz\/SeedVR2_comfyUI#3b, ByteDance-Seed\/SeedVR2-3B/,
    );
  });
});

describe("the model of a request that names none", () => {
  const onlyHere = (...here: string[]): CheckContext => ({
    ...contextOf(),
    activation: (_, name) => (here.includes(name) ? { source: { paths: [folder] } } : { missing: [name] }),
  });

  test.each([
    [["mini"], "mini"],
    [["7b", "mini"], "7b"],
    [["3b", "7b", "mini"], "3b"],
  ])("is, where %j are here, %s", (here, model) => {
    expect(check({}, onlyHere(...here))).toMatchObject({ model });
  });

  test("is the one that model_paths names, also when nothing is there", () => {
    const context = {
      ...onlyHere("mini"),
      settings: contextOf({ model_paths: { "seedvr2/7b": "/x" } }).settings,
    };
    expect(() => check({}, context)).toThrow("'7b' is not activated");
  });
});

describe("the built-in model", () => {
  test("needs little memory, and more for larger pictures", async () => {
    const needed = (resolution: number) => operation.need(check({ model: "mini", resolution }), contextOf());
    const bytes = (resolution: number) => {
      const { phases } = needed(resolution);
      expect(phases.map(({ name }) => name)).toEqual(["enlarge"]);
      return phases[0]!.workingBytes + phases[0]!.parts[0]!.bytes;
    };
    expect(bytes(64)).toBeLessThan(bytes(512));
    expect(bytes(512)).toBeLessThan(bytes(2048));
    expect(bytes(2048)).toBeLessThan(300e6);
  });

  test("is told from the original's by its name in the result", async () => {
    const params = check({ model: "seedvr2-mini" });
    const { facts } = await prepare(params);
    const context = { ...contextOf(), seconds: 1, jobId: "job_1" };
    const output = {
      image: new Uint8Array(3 * 128 * 96).map((_, i) => i % 251),
      channels: 3,
      width: 128,
      height: 96,
    };
    const published = await operation.publish(params, facts, output, context);
    expect(published.result([{ file_id: "file_1", size: 7 } as FileRecord])).toMatchObject({ model: "mini" });
  });
});

describe("need()", () => {
  test("asks for no more than the smallest result there can be, and for all of it once the size is known", async () => {
    const params = check({ resolution: 1024 });
    const least = operation.need(params, contextOf());
    const { need } = await prepare(params);
    expect(peakOf(least)).toBeLessThan(peakOf(need!));
    const byFactor = operation.need(check({ resolution: "4x" }), contextOf());
    expect(peakOf(byFactor)).toBeLessThan(peakOf(least));
  });

  test("counts the weights of the files that are here, and the published ones while none are", () => {
    const weights = (model: string, path: string) => {
      const context = { ...contextOf(), activation: () => ({ source: { paths: [path] } }) };
      const need = operation.need(check({ model, resolution: 64 }, context), context);
      return need.phases.flatMap(({ parts }) => parts).reduce((sum, { bytes }) => sum + bytes, 0);
    };
    const tiny = join(import.meta.dir, "../../../fixtures/seedvr2/7b");
    expect(weights("7b", tiny)).toBeLessThan(1e9);
    expect(weights("7b", folder)).toBeGreaterThan(15e9);
  });

  test("follows the tile of the request", () => {
    const [small, large] = [128, 1024].map((tile) =>
      peakOf(operation.need(check({ resolution: 2048, tile }), contextOf())),
    );
    expect(small!).toBeLessThan(large!);
  });
});

describe("the same params", () => {
  test("make the same input whatever the settings have become", async () => {
    const params = check({ seed: 4 });
    const later = contextOf({
      seedvr2_color_fix: "none",
      seedvr2_tile: 128,
      seedvr2_default_resolution: "4x",
    });
    const [first, second] = [await prepare(params), await prepare(params, later)];
    expect(second.input).toEqual(first.input);
  });
});

describe("publish()", () => {
  const output = (width: number, height: number) => ({
    image: new Uint8Array(3 * width * height).map((_, i) => i % 251),
    channels: 3,
    precision: "float32",
    width,
    height,
  });

  test.each(["png", "jpeg", "webp"])(
    "leaves the parameters out of a %s when the settings say so",
    async (format) => {
      for (const embed_metadata of [true, false]) {
        const context = contextOf({ embed_metadata });
        const params = check({ format, seed: 123456 }, context);
        const { facts } = await prepare(params, context);
        const published = await operation.publish(params, facts, output(128, 96), {
          ...context,
          seconds: 1.234,
          jobId: "job_1",
        });
        const [file] = published.artifacts;
        expect(Buffer.from(file!.bytes as Uint8Array).includes('"seed":123456')).toBe(embed_metadata);
        expect(file!.filename).toMatch(/^seedvr2_\d+\.(png|jpg|webp)$/);
      }
    },
  );

  test("says in the contract's keys what was made", async () => {
    const params = check({ seed: 9 });
    const { facts } = await prepare(params);
    const context = { ...contextOf(), seconds: 1.234, jobId: "job_1" };
    const published = await operation.publish(params, facts, output(128, 96), context);
    const record = { file_id: "file_1", size: 77 } as FileRecord;
    expect(published.result([record])).toEqual({
      file_id: "file_1",
      image_bytes: 77,
      model: "3b",
      input_width: 64,
      input_height: 48,
      width: 128,
      height: 96,
      params: {
        kind: "upscale",
        model: "3b",
        image_file_id: image.file_id,
        resolution: "2x",
        softness: 0,
        seed: 9,
        quantize: null,
        precision: "float32",
        format: "png",
        quality: 90,
        color_fix: "wavelet-lab",
        tile: 512,
        tile_overlap: 64,
      },
      timings: { total_s: 1.23 },
    });
  });
});
