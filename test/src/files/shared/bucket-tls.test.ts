import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import { placeOf, probeBucket } from "../../../../src/files/shared/place.ts";
import { SetupError } from "../../../../src/fleet/errors.ts";
import { defaultSettings } from "../../../../src/settings/load.ts";
import { makeCertificates } from "../../../fleet/certificates.ts";

const deadlines = { answer: 30_000, silence: 30_000, rate: 1e6, pauses: [10, 10, 10] };

describe.skipIf(Bun.which("openssl") === null)("the certificate of a bucket's server", () => {
  const certificates = makeCertificates();
  const text = (path: string) => readFileSync(path, "utf8");
  const server = Bun.serve({
    port: 0,
    tls: { cert: text(certificates.server.certificate), key: text(certificates.server.key) },
    fetch: () => new Response("<Error><Code>NoSuchKey</Code></Error>", { status: 404 }),
  });
  afterAll(() => server.stop(true));
  const place = (fleet_ca_file: string | null, host = "localhost") => {
    const found = placeOf(
      defaultSettings({
        files_url: "s3://easel",
        s3_endpoint: `https://${host}:${server.port}`,
        s3_access_key: "node",
        s3_secret_key: "secret",
        fleet_ca_file,
      }),
      { deadlines },
    );
    if (found.kind !== "bucket") throw new Error("no bucket");
    return found;
  };
  const why = ({ bucket, name }: ReturnType<typeof place>) =>
    probeBucket(bucket, name).then(
      () => "nothing",
      (error: Error) => `${error instanceof SetupError} ${error.message}`,
    );

  test("may be signed by the CA of fleet_ca_file", async () => {
    expect(await place(certificates.ca).bucket.get("owner")).toBeUndefined();
  });

  test("ends the start when no known CA signed it, or when it is for another name", async () => {
    for (const file of [certificates.otherCa, null])
      expect(await why(place(file))).toMatch(
        /^true .* no known CA signed, .* add its CA to the file that fleet_ca_file/,
      );
    expect(await why(place(certificates.ca, "127.0.0.1"))).toMatch(/^true .* certificate for another name/);
  });

  test("is checked with the CAs that everybody knows, beside the one of fleet_ca_file", async () => {
    const original = globalThis.fetch;
    const asked: RequestInit[] = [];
    globalThis.fetch = (async (_url: string, init: RequestInit) => {
      asked.push(init);
      return new Response("", { status: 404 });
    }) as unknown as typeof fetch;
    try {
      await place(certificates.ca).bucket.get("owner");
    } finally {
      globalThis.fetch = original;
    }
    const { tls } = asked[0] as unknown as { tls: { ca: string[]; rejectUnauthorized: boolean } };
    expect(tls.rejectUnauthorized).toBe(true);
    expect(tls.ca).toEqual([...getCACertificates("default"), text(certificates.ca)]);
  });
});
