import { expect, test } from "bun:test";
import type { SQL } from "bun";
import { Refusal } from "../../../src/errors.ts";
import type { Host } from "../../../src/fleet/address.ts";
import { Primary } from "../../../src/fleet/primary.ts";

const host = (hostname: string): Host => ({ hostname, port: 5432, tls: undefined });
const [first, second] = [host("db1.example"), host("db2.example")];

/** Servers that say their timeline; "0" says a standby, and undefined nothing. */
function servers(says: { db1?: string | undefined; db2?: string | undefined }) {
  const open = ({ hostname }: Host) => {
    const timeline = says[hostname === "db1.example" ? "db1" : "db2"];
    const answer = async () => {
      if (timeline === undefined) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
      return [{ timeline }];
    };
    return Object.assign(answer, { close: async () => {} }) as unknown as SQL;
  };
  return new Primary([first, second], open);
}

test("of two servers that take writes, the one that was promoted last is used", async () => {
  expect(await servers({ db1: "00000001", db2: "0" }).find()).toBe(first);
  // in hexadecimal
  expect(await servers({ db1: "0000000A", db2: "00000009" }).find()).toBe(first);
  expect(await servers({ db1: "00000001", db2: "00000002" }).find()).toBe(second);
});

test("a server that a failover left behind is not used again, though it is the only one that answers", async () => {
  const says: Parameters<typeof servers>[0] = { db1: "00000001", db2: "00000002" };
  const primary = servers(says);
  expect(await primary.find()).toBe(second);
  says.db2 = undefined;
  primary.lost(second);
  await expect(primary.find()).rejects.toThrow();
  says.db2 = "0";
  const refusal = await primary.find().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(Refusal);
  expect(refusal).toMatchObject({ code: "store_unavailable" });
  // made a standby of the newer one, and promoted
  says.db1 = "00000003";
  expect(await primary.find()).toBe(first);
});
