/**
 * A real S3 server for tests: SeaweedFS on loopback, as an unprivileged user.
 *
 * @module
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { S3Client } from "bun";
import { type Daemon, freePorts, serverFolder, startDaemon } from "./daemon.ts";

export interface S3Server {
  endpoint: string;
  region: string;
  /** Keys of a user that may read, write and list in `bucket`, and no more. */
  accessKey: string;
  secretKey: string;
  bucket: string;
  daemon(): Daemon;
  /** A client that may do everything. */
  admin: S3Client;
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
}

const bucket = "easel";
const admin = { accessKey: "admin", secretKey: "admin-test-secret" };
const node = { accessKey: "node", secretKey: "node-test-secret" };

const identities = [
  { name: "admin", credentials: [admin], actions: ["Admin", "Read", "Write", "List", "Tagging"] },
  {
    name: "node",
    credentials: [node],
    actions: ["Read", "Write", "List", "Tagging"].map((action) => `${action}:${bucket}`),
  },
];

/** Starts SeaweedFS, `weed`, with the bucket. */
export async function startWeed(weed: string): Promise<S3Server> {
  const folder = serverFolder("s3");
  writeFileSync(join(folder, "s3.json"), JSON.stringify({ identities }), { mode: 0o644 });
  const port = freePorts(4);
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({
    endpoint,
    bucket,
    region: "us-east-1",
    accessKeyId: admin.accessKey,
    secretAccessKey: admin.secretKey,
  });
  const start = () => startDaemon([weed, ...flags(folder, port)], folder, () => canWrite(client));
  let daemon = await start();
  return {
    endpoint,
    region: "us-east-1",
    ...node,
    bucket,
    admin: client,
    daemon: () => daemon,
    // it takes half a minute over anything milder
    stop: (signal = "SIGKILL") => daemon.kill(signal),
    async start() {
      for (const kind of ["filer", "s3"]) rmSync(`/tmp/seaweedfs-${kind}-${port}.sock`, { force: true });
      daemon = await start();
    },
  };
}

/** Every port is one of our own: its neighbours by default are fixed ones, which another test may have. */
const flags = (folder: string, port: number) => [
  "server",
  "-ip=127.0.0.1",
  "-ip.bind=127.0.0.1",
  `-dir=${folder}`,
  `-master.port=${port + 1}`,
  "-master.telemetry=false",
  "-master.volumeSizeLimitMB=64",
  "-master.electionTimeout=500ms",
  `-volume.port=${port + 2}`,
  "-volume.max=20",
  "-filer",
  `-filer.port=${port + 3}`,
  `-filer.localSocket=${join(folder, "filer.sock")}`,
  "-s3",
  `-s3.port=${port}`,
  `-s3.config=${join(folder, "s3.json")}`,
  `-s3.localSocket=${join(folder, "s3.sock")}`,
  "-s3.port.iceberg=0",
  "-s3.port.lance=0",
];

/** Writes an object, which also makes the bucket. */
async function canWrite(client: S3Client): Promise<boolean> {
  try {
    const url = client.presign("started", { method: "PUT", expiresIn: 60 });
    const answer = await fetch(url, { method: "PUT", body: "yes", signal: AbortSignal.timeout(5000) });
    return answer.ok;
  } catch {
    return false;
  }
}
