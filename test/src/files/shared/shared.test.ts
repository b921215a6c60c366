import { describe, setDefaultTimeout } from "bun:test";
import { readdirSync } from "node:fs";
import { unlink } from "node:fs/promises";
import { basename, join } from "node:path";
import { placeOf } from "../../../../src/files/shared/place.ts";
import { testFileStore } from "../../../contract/files-store.ts";
import { hasPostgres, hasS3 } from "../../../fleet/servers.ts";
import { filesUnder, temporaryFolder } from "../folder.ts";
import { type Fleet, fleet, node } from "./fleet.ts";

setDefaultTimeout(60_000);

const backends = [
  { place: "bucket", name: "a fleet's file store in a bucket", isHere: hasPostgres && hasS3 },
  { place: "folder", name: "a fleet's file store in a shared folder", isHere: hasPostgres },
] as const;

for (const { place, name, isHere } of backends)
  describe.skipIf(!isHere)(place, () =>
    testFileStore({
      name,
      async open(options = {}) {
        const made = await fleet(place);
        const cacheFolder = join(temporaryFolder(), "cache");
        return {
          store: await node(made, { ...options, cacheFolder }),
          left: () => left(made, cacheFolder),
          lose: (record) => lose(made, record.file_id),
          skip: (files) => made.sql`SELECT setval('files_seq_seq', nextval('files_seq_seq') + ${files - 1})`,
          remembered: async () => Number((await made.sql`SELECT count(*) AS n FROM removed_files`)[0].n),
        };
      },
    }),
  );

/** Names of the files in the folder, or of the objects and of what is on its way to them. */
async function left({ settings }: Fleet, cacheFolder: string): Promise<string[]> {
  const place = placeOf(settings);
  if (place.kind === "folder") return filesUnder(place.root).map((path) => basename(path));
  const names = readdirSync(join(cacheFolder, "incoming"));
  for await (const { key } of place.bucket.list("blobs/")) names.push(key.slice("blobs/".length));
  return names;
}

async function lose({ settings }: Fleet, id: string): Promise<void> {
  const place = placeOf(settings);
  if (place.kind === "folder") await unlink(join(place.root, "blobs", id));
  else await place.bucket.remove(`blobs/${id}`);
}
