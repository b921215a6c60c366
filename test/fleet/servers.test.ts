import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { SQL } from "bun";
import { hasPostgres, hasS3, ownPostgres, postgres, s3 } from "./servers.ts";

// a server starts slowly on a busy machine
setDefaultTimeout(60_000);

describe.skipIf(!hasPostgres)("PostgreSQL", () => {
  test("gives each test file an empty database of its own", async () => {
    const server = await postgres();
    const [one, other] = await Promise.all([server.database(), server.database()]);
    await using sql = new SQL({ url: one!.url, max: 1 });
    await sql`CREATE TABLE things (id int)`;
    await using second = new SQL({ url: other!.url, max: 1 });
    expect([...(await second`SELECT to_regclass('things') AS found`)]).toEqual([{ found: null }]);
  });

  test("keeps what was committed over a crash, on the same port", async () => {
    const server = await ownPostgres({ fsync: true });
    const { url } = await server.database();
    const before = new SQL({ url, max: 1 });
    await before`CREATE TABLE things AS SELECT 7 AS id`;
    await before.close();
    await server.stop();
    await server.start();
    await using after = new SQL({ url, max: 1 });
    expect([...(await after`SELECT id FROM things`)]).toEqual([{ id: 7 }]);
    await server.stop();
  });
});

describe.skipIf(!hasS3)("the S3 server", () => {
  test("lets a node into its bucket and into no other", async () => {
    const { endpoint, accessKey, secretKey, bucket, region } = await s3();
    const put = (into: string) => {
      const client = new Bun.S3Client({
        endpoint,
        region,
        bucket: into,
        accessKeyId: accessKey,
        secretAccessKey: secretKey,
      });
      const url = client.presign("thing", { method: "PUT", expiresIn: 60 });
      return fetch(url, { method: "PUT", body: "bytes" }).then(({ status }) => status);
    };
    expect(await Promise.all([put(bucket), put("other")])).toEqual([200, 403]);
  });
});
