import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Refusal } from "../../../src/errors.ts";
import type { FileRecord } from "../../../src/files/file.ts";
import type { Deps, Files } from "../../../src/http/env.ts";
import type { Scheduler } from "../../../src/jobs/scheduler.ts";
import { silent } from "../../../src/log.ts";
import type { Settings } from "../../../src/settings/settings.ts";

const unused = async () => {
  throw new Refusal("job_not_found", "unknown job");
};

/** A scheduler with nothing in it. */
export const idle: Scheduler = {
  submit: unused,
  replay: async () => undefined,
  job: unused,
  position: unused,
  list: async () => ({ data: [], has_more: false }),
  retry: unused,
  cancel: unused,
  remove: unused,
  wait: unused,
  events: unused,
  unload: async () => ({ unloaded: false, freed_bytes: 0 }),
  health: () => ({ warm: true, queue_len: 0, memory: { loaded: [], resident_gb: 0, budget_gb: 12.5 } }),
  metrics: () => ({
    queued: 0,
    running: 0,
    ended: [],
    models: [],
    budget_bytes: 12.5 * 2 ** 30,
    loads: 0,
    load_seconds: 0,
    evictions: { budget: 0, expired: 0, transient: 0, unload: 0, fault: 0, out_of_memory: 0 },
    out_of_memory: 0,
    webhooks: { delivered: 0, retried: 0, given_up: 0 },
  }),
  start: async () => {},
  stop: async () => {},
};

/** A file store in memory. */
export function memoryFiles(): Files & { size(): number } {
  const kept = new Map<string, { record: FileRecord; bytes: Uint8Array<ArrayBuffer> }>();
  const newId = () => `file_${crypto.randomUUID().replaceAll("-", "")}`;
  const keep = (file_id: string, content_type: string, bytes: Uint8Array<ArrayBuffer>) => {
    const record: FileRecord = {
      file_id,
      filename: "picture.png",
      content_type,
      size: bytes.length,
      sha256: "",
      created_at: 1,
      meta: {},
    };
    kept.set(file_id, { record, bytes });
    return record;
  };
  return {
    size: () => kept.size,
    get: async (id) => kept.get(id)?.record,
    list: async () => ({ data: [...kept.values()].map(({ record }) => record), has_more: false }),
    delete: async (id) => kept.delete(id),
    upload: async (request) => {
      const part = (await request.formData()).get("file") as File;
      return keep(newId(), part.type, new Uint8Array(await part.arrayBuffer()));
    },
    decodeDataUrl(dataUrl) {
      const [, media_type, payload] = /^data:([^;,]+);base64,(.*)$/.exec(dataUrl) ?? [];
      if (payload === undefined) throw new Refusal("invalid_reference", "image data_url must be a data URL");
      return { media_type: media_type!, bytes: new Uint8Array(Buffer.from(payload, "base64")) };
    },
    put: async ({ media_type, bytes }) => keep(newId(), media_type, bytes),
    download: async (id) => {
      const file = kept.get(id);
      return file && new Response(file.bytes, { headers: { "Content-Type": file.record.content_type } });
    },
  };
}

export function testDeps(settings: Partial<Settings> = {}, changes: Partial<Deps> = {}): Deps {
  const dir = mkdtempSync(join(tmpdir(), "easel-http-"));
  return {
    settings: {
      host: "127.0.0.1",
      port: 0,
      auth_token: null,
      sync_timeout_s: 600,
      data_dir: dir,
      files_root: join(dir, "files"),
      max_upload_mb: 2048,
      allowed_hosts: [],
      cors_origins: [],
      public_url: null,
      ...settings,
    } as Settings,
    version: "1.2.3",
    capabilities: [],
    scheduler: { ...idle },
    files: memoryFiles(),
    context: { settings: settings as Settings, activation: () => ({ missing: [] }) },
    log: silent,
    notReady: () => null,
    scalar: () => new Blob(["/* scalar */"]),
    ...changes,
  };
}
