import { afterEach, describe, expect, setDefaultTimeout, setSystemTime, test } from "bun:test";
import { SetupError } from "../../../../src/fleet/errors.ts";
import { createLog } from "../../../../src/log.ts";
import { hasPostgres, hasS3 } from "../../../fleet/servers.ts";
import { type Fleet, fleet, node } from "./fleet.ts";

setDefaultTimeout(120_000);

const text = (words: string) => new TextEncoder().encode(words);

/** From now on this machine's clock is off by so many minutes: seen from here, the bucket's is. */
const shift = (minutes: number) => setSystemTime(new Date(Date.now() + minutes * 60_000));
afterEach(() => void setSystemTime());

describe.skipIf(!hasPostgres || !hasS3)("a bucket's clock that differs by 20 minutes", () => {
  const refusal = async (made: Fleet) => {
    const error = await node(made).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(SetupError);
    return (error as Error).message;
  };

  test("ends a start with what to do, and leaves nothing half done", async () => {
    const made = await fleet("bucket");
    shift(-20);
    expect(await refusal(made)).toBe(
      "The clock of the server of s3_endpoint is 20 minutes ahead of this machine's: set both by NTP",
    );
    setSystemTime();
    await node(made);
  });

  test("and lies behind ends it alike, at a server that refuses times to come as Amazon's does", async () => {
    const made = await fleet("bucket");
    const behind = new Date(Date.now() - 20 * 60_000).toUTCString();
    const body =
      "<Error><Code>RequestTimeTooSkewed</Code><Message>The difference is too large.</Message></Error>";
    await using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response(body, { status: 403, headers: { date: behind } }),
    });
    expect(await refusal({ ...made, settings: { ...made.settings, s3_endpoint: server.url.origin } })).toBe(
      "The clock of the server of s3_endpoint is 20 minutes behind this machine's: set both by NTP",
    );
  });

  test("once the machine runs, refuses what brings bytes until it is set, and the log says what to do", async () => {
    const made = await fleet("bucket");
    const lines: string[] = [];
    const log = createLog({ level: "info", format: "text", write: (line) => lines.push(line) });
    const running = await node(made, { log });
    shift(-20);
    await expect(running.store(text("picture"), { filename: "a.png" })).rejects.toMatchObject({
      code: "files_unavailable",
      status: 503,
    });
    expect(lines.join("")).toContain(
      "the clock of the server of s3_endpoint is 20 minutes ahead of this machine's: set both by NTP",
    );
    expect(await records(made)).toBe(0);
    setSystemTime();
    await running.store(text("picture"), { filename: "a.png" });
    expect(await records(made)).toBe(1);
  });
});

const records = async ({ sql }: Fleet) =>
  (await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM files`)[0]!.n;
