/**
 * Speed of a fleet's files: 100 MB up and down by a node beside plain curl, in turns, over a real S3 server and PostgreSQL.
 *
 *     bun bench/fleet/files.ts [megabytes] [rounds]
 *
 * The S3 server of the tests holds 1.2 GB, and gives the room of removed objects back only later.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { openSharedStore } from "../../src/files/shared/open.ts";
import { placeOf } from "../../src/files/shared/place.ts";
import { silent } from "../../src/log.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import { stopDaemons } from "../../test/fleet/daemon.ts";
import { connection, fleetDatabase } from "../../test/fleet/fleet.ts";
import { hasPostgres, hasS3, ownPostgres, ownS3 } from "../../test/fleet/servers.ts";
import { median, spread } from "../statistics.ts";

const [megabytes, rounds] = [Number(process.argv[2] ?? 100), Number(process.argv[3] ?? 3)];
const folder = mkdtempSync(join(tmpdir(), "easel-bench-fleet-"));

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function curl(...args: string[]): Promise<void> {
  const child = Bun.spawn(["curl", "-sSf", ...args], { stdout: "ignore" });
  if ((await child.exited) !== 0) throw new Error("curl failed");
}

async function measure(): Promise<void> {
  const server = await ownS3();
  const { nodeUrl } = await fleetDatabase(await ownPostgres({ fsync: true }));
  const settings = defaultSettings({
    files_url: `s3://${server.bucket}/bench`,
    s3_endpoint: server.endpoint,
    s3_region: server.region,
    s3_access_key: server.accessKey,
    s3_secret_key: server.secretKey,
    s3_public_endpoint: server.endpoint,
  });
  const place = placeOf(settings);
  if (place.kind !== "bucket") throw new Error("no bucket");
  const client = connection(nodeUrl).durable;
  let nodes = 0;
  const node = () =>
    openSharedStore({
      client,
      settings,
      cacheFolder: join(folder, `node-${nodes++}`),
      now: () => Date.now() / 1000,
      log: silent,
    });

  const size = megabytes * 1e6;
  const picture = join(folder, "picture");
  await Bun.write(picture, Buffer.alloc(size, crypto.getRandomValues(new Uint8Array(65_521))));
  const writer = await node();
  const times: Record<string, number[]> = {};
  const add = (name: string, value: number) => {
    times[name] ??= [];
    times[name].push(value);
  };
  console.log(`${cpus()[0]!.model}, ${cpus().length} threads, load ${loadavg()[0]!.toFixed(1)}`);
  for (let round = -1; round < rounds; round++) {
    const { url } = place.bucket.uploadLink(`plain/${round}`, 900, size);
    const up = await seconds(() => curl("-T", picture, url));
    let record!: Awaited<ReturnType<typeof writer.store>>;
    const stored = await seconds(async () => {
      record = await writer.store(Bun.file(picture), { filename: "picture.png" });
    });
    const link = writer.link(record, 900)!;
    const down = await seconds(() => curl("-o", join(folder, "plain"), link));
    const reader = await node();
    const range = await seconds(async () =>
      new Response(await reader.read(record, { start: size / 2, end: size / 2 + 1e6 })).arrayBuffer(),
    );
    const fetched = await seconds(() => reader.local(record));
    const kept = await seconds(() => reader.local(record));
    await writer.delete(record.file_id);
    await place.bucket.remove(`plain/${round}`);
    // the first round fills the caches
    if (round < 0) continue;
    add("up, curl", up);
    add("up, a node: hash, fsync, copy kept, record", stored);
    add("up, node / curl", stored / up);
    add("down, curl", down);
    add("down, a node: hash compared, fsync, copy kept", fetched);
    add("down, node / curl", fetched / down);
    add("1 MB from its middle", range);
    add("again, from the copy", kept);
  }
  for (const [name, list] of Object.entries(times))
    console.log(
      `${name}: ${
        median(list) < 0.01
          ? `${spread(
              list.map((s) => s * 1000),
              3,
            )} ms`
          : spread(list)
      }`,
    );
  console.log(`load at the end ${loadavg()[0]!.toFixed(1)}`);
}

if (!hasPostgres || !hasS3) throw new Error("this bench needs PostgreSQL and SeaweedFS");
try {
  await measure();
} finally {
  stopDaemons();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);
