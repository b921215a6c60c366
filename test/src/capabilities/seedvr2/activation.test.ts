import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { variants } from "../../../../src/capabilities/seedvr2/variants.ts";
import { downloadRepo, hubEnv, listRepo } from "../../../../src/hub/download/hub.ts";
import { locate } from "../../../../src/hub/locate.ts";
import { loadText, loadTransformer, loadVae } from "../../../../src/models/seedvr2/load.ts";
import { openForTests } from "../../../ffi/open.ts";
import { hubServer } from "../../hub/hub-server.ts";

openForTests();

const folder = mkdtempSync(join(tmpdir(), "easel-activate-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fixtures = join(import.meta.dir, "../../../fixtures/seedvr2");
const read = (...path: string[]) => new Uint8Array(readFileSync(join(fixtures, ...path)));

test.each(["3b", "7b"])(
  "%s is whole once its files and the text's embedding came, and then it loads",
  async (name) => {
    const variant = variants.find((each) => each.name === name)!;
    const network = `seedvr2_ema_${name}_fp16.safetensors`;
    using server = hubServer({
      [network]: read(name, network),
      "ema_vae_fp16.safetensors": read("ema_vae_fp16.safetensors"),
      "pos_emb.pt": read("pos_emb.pt"),
      "neg_emb.pt": new Uint8Array(10),
      "seedvr2_ema_7b_sharp_fp16.safetensors": new Uint8Array(10),
    });
    const hub = hubEnv({ HF_ENDPOINT: server.url, HF_HOME: join(folder, name) });
    const places = { hub, downloads: join(folder, "downloads") };
    const where = () => locate("seedvr2", variant, { modelPaths: {}, places, embedded: folder });
    const repos = ["numz/SeedVR2_comfyUI", "ByteDance-Seed/SeedVR2-3B"];
    expect(where()).toEqual({ missing: repos });
    for (const [i, download] of variant.downloads.entries()) {
      if (download.kind !== "huggingface") throw new Error("not from the hub");
      const listing = await listRepo(download.repo, download.revision, download.files, hub);
      await downloadRepo(listing, download.revision, hub, { sleep: async () => {} });
      if (i === 0) expect(where()).toEqual({ missing: [repos[1]!] });
    }
    const found = where();
    if (!("source" in found)) throw new Error("it is not whole");
    const names = [...new Set(server.seen.map(({ path }) => path.split("/").at(-1)))];
    expect(names.filter((each) => /\.(pt|safetensors)$/.test(each!)).sort()).toEqual(
      ["ema_vae_fp16.safetensors", "pos_emb.pt", network].sort(),
    );
    const { paths } = found.source;
    using vae = loadVae(paths).vae;
    using transformer = loadTransformer(paths, name).transformer;
    expect(vae.encoder.down_blocks.length).toBe(4);
    expect(loadText(paths, transformer.config.text).tokens).toBe(7);
  },
);
