import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { registerFleet } from "../../../../src/cli/commands/fleet.ts";
import type { CommandContext } from "../../../../src/cli/context.ts";
import { lockDirectory, openDatabase } from "../../../../src/database.ts";
import { openLocalStore } from "../../../../src/files/local.ts";
import { insertFile } from "../../../../src/files/records.ts";
import { createJobStore } from "../../../../src/jobs/store/sqlite.ts";
import type { Ending } from "../../../../src/jobs/store/store.ts";
import { type LoadOptions, loadSettings } from "../../../../src/settings/load.ts";
import { hasPostgres, hasS3 } from "../../../fleet/servers.ts";
import { temporaryFolder } from "../../files/folder.ts";
import { type Fleet, fleet, node } from "../../files/shared/fleet.ts";
import { arrival } from "../../jobs/arrival.ts";

setDefaultTimeout(60_000);

/** What a command prints, or what it throws. */
async function run({ settings }: Fleet, ...args: string[]) {
  const out: string[] = [];
  const context = {
    loaded: (flags?: LoadOptions["flags"]) =>
      loadSettings({
        flags: flags ?? {},
        env: {
          HOME: temporaryFolder(),
          EASEL_FLEET_URL: settings.fleet_url!,
          EASEL_FILES_URL: settings.files_url!,
          ...(settings.s3_endpoint && {
            EASEL_S3_ENDPOINT: settings.s3_endpoint,
            AWS_ACCESS_KEY_ID: settings.s3_access_key!,
            AWS_SECRET_ACCESS_KEY: settings.s3_secret_key!,
          }),
        },
      }),
    out: (text: string) => out.push(text),
    signal: new AbortController().signal,
  } as unknown as CommandContext;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  registerFleet(program, context);
  try {
    await program.parseAsync(["fleet", ...args], { from: "user" });
    return out.join("\n");
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
}

/** A data directory with three files, of which one is lost, an ended job with a message to send, and a waiting one. */
async function dataDirectory() {
  const dataDir = temporaryFolder();
  const database = openDatabase(join(dataDir, "easel.db"));
  const root = join(dataDir, "files");
  const files = await openLocalStore({ database, root });
  const text = (words: string) => new TextEncoder().encode(words);
  const kept = await files.store(text("kept"), { filename: "kept.png", meta: { seed: 7 } });
  const lost = await files.store(text("lost"), {});
  unlinkSync(await files.local(lost));
  const damaged = await files.store(text("right"), {});
  writeFileSync(await files.local(damaged), "wrong");
  const jobs = createJobStore(database, { keepFile: (record) => insertFile(database, record) });
  const { job } = await jobs.create({ ...arrival("fake"), webhook: { url: "http://hook.example" } });
  const made = await files.stage(text("made"), { filename: "made.png" });
  const succeeded: Ending = { status: "succeeded", result: { n: 1 }, files: [made] };
  const ended = (await jobs.end(job.id, ["queued"], succeeded))!;
  const { job: waiting } = await jobs.create(arrival("fake"));
  database.close();
  return { dataDir, kept, lost, damaged, made, ended, waiting };
}

for (const place of ["bucket", "folder"] as const)
  describe.skipIf(!hasPostgres || (place === "bucket" && !hasS3))(`a fleet with a ${place}`, () => {
    test("takes the files and the ended jobs of a data directory, once, and names the others", async () => {
      const made = await fleet(place);
      const { dataDir, ...source } = await dataDirectory();
      const first = await run(made, "import", dataDir);
      expect(first.split("\n").slice(0, 2)).toEqual([
        "Files: 2 copied, 0 were in the fleet already.",
        "Ended jobs: 1 copied, 0 were in the fleet already.",
      ]);
      for (const { file_id } of [source.lost, source.damaged])
        expect(first).toContain(`Not copied: the bytes of ${file_id} are missing or damaged`);
      expect(first).toContain(`Not copied: ${source.waiting.id} has not ended`);
      const store = await node(made);
      for (const [record, words] of [
        [source.kept, "kept"],
        [source.made, "made"],
      ] as const) {
        expect(await store.get(record.file_id)).toEqual(record);
        expect(await Bun.file(await store.local(record)).text()).toBe(words);
      }
      expect(await store.get(source.lost.file_id)).toBeUndefined();
      const [job] = await made.sql`SELECT * FROM jobs`;
      expect(job).toMatchObject({
        id: source.ended.id,
        status: "succeeded",
        result: '{"n":1}',
        artifacts: JSON.stringify([source.made.file_id]),
        created_at: source.ended.created_at,
        place: null,
      });
      expect((await made.sql`SELECT job_id FROM deliveries`)[0].job_id).toBe(source.ended.id);
      const again = await run(made, "import", dataDir);
      expect(again).toContain("Files: 0 copied, 2 were in the fleet already.");
      expect(again).toContain("Ended jobs: 0 copied, 1 were in the fleet already.");
    });

    test("names the files whose bytes are missing", async () => {
      const made = await fleet(place);
      const store = await node(made);
      const record = await store.store(new Uint8Array(5), { filename: "gone.png" });
      expect(await run(made, "status", "--files")).toContain("the bytes of every file are there");
      await store.discard(record);
      const text = await run(made, "status", "--files");
      expect(text).toContain(record.file_id);
      expect(text).toContain("the bytes of 1 are missing");
      expect(JSON.parse(await run(made, "status", "--files", "--json")).missing_files).toEqual([
        { file_id: record.file_id, filename: "gone.png", size: 5, created_at: record.created_at },
      ]);
    });
  });

describe.skipIf(!hasPostgres)("easel fleet import", () => {
  test("refuses what is no data directory, and one that a server uses", async () => {
    const made = await fleet("folder");
    const empty = temporaryFolder();
    expect(await run(made, "import", empty)).toContain("is no data directory of easel");
    expect(await run(made, "import", join(empty, "none"))).toContain("is no data directory of easel");
    mkdirSync(join(empty, "easel.db"));
    expect(await run(made, "import", empty)).toContain("is no data directory of easel");
    const { dataDir } = await dataDirectory();
    const unlock = lockDirectory(dataDir);
    expect(await run(made, "import", dataDir)).toMatch(/Error/);
    unlock();
    expect(await made.sql`SELECT 1 FROM files`).toHaveLength(0);
    expect(await run(made, "import", dataDir)).toContain("Files: 2 copied");
  });
});
