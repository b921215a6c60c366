import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PrepareContext } from "../../../../src/capabilities/capability.ts";
import { contextOf } from "../../../../src/capabilities/catalogue.ts";
import type { RunInput } from "../../../../src/capabilities/diffusion/phase.ts";
import { EditRequest } from "../../../../src/capabilities/qwen/contract.ts";
import { edit } from "../../../../src/capabilities/qwen/operation.ts";
import { families } from "../../../../src/capabilities/registry.ts";
import type { FileRecord } from "../../../../src/files/file.ts";
import { defaultSettings, type SomeSettings } from "../../../../src/settings/load.ts";

const fixtures = join(import.meta.dir, "../../../fixtures/qwen");
const folder = mkdtempSync(join(tmpdir(), "easel-pictures-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A server's context, whose stored file is a picture with that hash. */
function server(sha256: string, settings: SomeSettings = {}): PrepareContext {
  const place = {
    places: { hub: { endpoint: "", token: undefined, cache: folder }, downloads: folder },
    embedded: null,
    budget: Number.POSITIVE_INFINITY,
  };
  return {
    ...contextOf(families, defaultSettings({ cache_dir: folder, ...settings }), place),
    activation: () => ({ source: { paths: [join(fixtures, "image")] } }),
    resolve: async () => ({
      path: join(fixtures, "first.png"),
      record: { file_id: "file_1", sha256 } as FileRecord,
    }),
    signal: new AbortController().signal,
  };
}

const tokens = { data: Float32Array.from({ length: 6 * 64 }, (_, i) => i / 7), rows: 2, columns: 3 };
const image = { type: "file_id", file_id: `file_${"0".repeat(32)}` };

async function prepared(context: PrepareContext, more: object = {}) {
  const params = edit.check(EditRequest.parse({ prompt: "blue", images: [image], ...more }), context);
  const { input, refresh } = await edit.prepare(params, context);
  const again = await refresh!();
  return {
    params,
    input: input as unknown as RunInput,
    skip: again.skip,
    seen: (again.input as unknown as RunInput).seen,
  };
}

test("pictures that were encoded before need no encoder, after a restart neither", async () => {
  const context = server("a".repeat(64));
  const first = await prepared(context);
  expect([first.skip, first.seen]).toEqual([[], undefined]);
  const output = { seen: [{ ...tokens, data: tokens.data.slice() }], keys: first.input.keys };
  await edit.afterPhase!("look", first.params, output, { ...context, note: (text) => expect(text).toBe("") });
  expect(readdirSync(join(folder, "prompts")).length).toBe(1);

  for (const place of [context, server("a".repeat(64))]) {
    const again = await prepared(place, { prompt: "red", seed: 5 });
    expect(again.skip).toEqual(["look"]);
    expect(again.seen).toEqual([tokens]);
  }
  // Another picture, another size, more pictures of which one is new, and what wants the coder all the same.
  expect((await prepared(server("b".repeat(64)))).skip).toEqual([]);
  expect((await prepared(server("a".repeat(64), { qwen_reference_pixels: 65536 }))).skip).toEqual([]);
  expect((await prepared(context, { preview: true })).skip).toEqual([]);
});
