/**
 * A data directory with many results, written straight into the stores: depth maps, upscaled and generated pictures in turns.
 *
 * @module
 */
import { join } from "node:path";
import sharp from "sharp";
import { openDatabase } from "../../src/database.ts";
import type { FileRecord } from "../../src/files/file.ts";
import { openLocalStore } from "../../src/files/local.ts";
import { insertFile } from "../../src/files/records.ts";
import type { FileStore } from "../../src/files/store.ts";
import { createJobStore } from "../../src/jobs/store/sqlite.ts";

const examples = join(import.meta.dir, "../../examples");
const names = ["figure", "flower", "hills", "room", "street", "table"] as const;
const places = ["a harbour", "a mountain lake", "a reading nook", "a market", "a greenhouse"];
const manners = ["at dawn, oil on canvas", "in the rain, long exposure", "as a paper cut", "from above"];
const offer = {
  lane: "engine",
  except: [],
  types: [],
  variants: [],
  warm: [],
  budget: Number.MAX_SAFE_INTEGER,
} as const;

/** Pictures and grey maps of different parts of the examples. */
async function pictures(count: number) {
  return Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const part = sharp(join(examples, `${names[at % names.length]}.jpg`)).extract({
        left: (at * 7) % 200,
        top: (at * 5) % 150,
        width: 800,
        height: 600,
      });
      const colour = part.clone().modulate({ hue: (at * 23) % 360 });
      return {
        picture: await colour.jpeg({ quality: 85 }).toBuffer(),
        map: await part.clone().greyscale().blur(3).png().toBuffer(),
      };
    }),
  );
}

type Made = { type: string; params: object; input?: FileRecord; output: FileRecord };

async function made(files: FileStore, at: number, { picture, map }: { picture: Buffer; map: Buffer }) {
  const jpeg = (filename: string) => files.stage(picture, { filename, content_type: "image/jpeg" });
  if (at % 4 === 0)
    return {
      type: "qwen",
      params: {
        model: "image",
        prompt: `${places[at % places.length]} ${manners[at % manners.length]}, number ${at}`,
        width: 800,
        height: 600,
      },
      output: await jpeg(`qwen_${at}.jpg`),
    };
  const input = await jpeg(`${names[at % names.length]}-${at}.jpg`);
  await files.insert(input);
  const image = { type: "file_id", file_id: input.file_id };
  if (at % 4 === 1)
    return {
      type: "seedvr2",
      params: { model: "mini", image, resolution: 1200 },
      output: await jpeg(`seedvr2_${at}.jpg`),
    };
  return {
    type: "depthanything",
    params: { model: "mini", image },
    output: await files.stage(map, { filename: `depthanything_${at}.png`, content_type: "image/png" }),
  };
}

/** What the page reads of a finished job's result. */
const resultOf = ({ type, params, output }: Made) =>
  type === "depthanything"
    ? {
        model: "mini",
        depth_image_file_id: output.file_id,
        depth_data_file_id: null,
        depth_data_bytes: null,
        width: 800,
        height: 600,
        min_depth: 0.1,
        max_depth: 1,
        depth_unit: "relative_inverse",
        focal_length_px: null,
      }
    : { file_id: output.file_id, params, image_bytes: output.size };

/** Writes `count` finished jobs, a minute apart, the last one just now. */
export async function writeResults(dataDir: string, count: number): Promise<void> {
  const database = openDatabase(join(dataDir, "easel.db"));
  try {
    const started = Date.now() / 1000 - count * 60;
    let time = started;
    const now = () => time;
    const files = await openLocalStore({ database, root: join(dataDir, "files"), now });
    const jobs = createJobStore(database, { keepFile: (record) => insertFile(database, record), now });
    const all = await pictures(60);
    for (let at = 0; at < count; at++) {
      time = started + at * 60;
      const job: Made = await made(files, at, all[at % all.length]!);
      await jobs.create({
        type: job.type,
        params: job.params as Record<string, unknown>,
        demand: { variant: "", warmKey: "", bytes: 0 },
        maxQueue: count,
      });
      const claimed = await jobs.claim(offer);
      time += 1 + (at % 9);
      await jobs.end(claimed!.job.id, ["running"], {
        status: "succeeded",
        result: resultOf(job),
        files: [job.output],
      });
    }
  } finally {
    database.close();
  }
}
