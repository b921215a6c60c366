/**
 * Makes the schema, brings it up to date, and says whether this program may work with it.
 *
 * @module
 */
import type { TransactionSQL } from "bun";
import type { Client, Connection } from "./connect.ts";
import { SetupError, sqlState } from "./errors.ts";
import { grants, nodeRole, schemaVersion, steps } from "./schema.ts";

/** Any number that no other program takes in the same database. */
const lock = 0x6561_7365;

export interface Migrated {
  /** The version before; 0 where there was none. */
  from: number;
  to: number;
}

/**
 * Makes the tables and the rights of the nodes' role, as the owner of the database. Repeated, it changes nothing.
 *
 * @throws {SetupError} where the role is missing or the caller may not make tables.
 */
export const initialize = (connection: Connection): Promise<Migrated> => change(connection, 0);

/** Takes the steps that are missing. Nodes of the release before go on. */
export const migrate = (connection: Connection): Promise<Migrated> => change(connection, 1);

async function change({ durable }: Connection, oldest: number): Promise<Migrated> {
  await requireServer(durable);
  try {
    return await durable.begin(async (tx) => {
      await tx`SELECT pg_advisory_xact_lock(${lock})`;
      const from = await versionOf(tx);
      if (from < oldest)
        throw new SetupError("The database has no tables of easel yet: run easel fleet init");
      if (from > schemaVersion) throw new SetupError(newer(from));
      if (from > 0) await requireOwner(tx);
      await requireRole(tx);
      for (const [index, step] of steps.entries()) {
        if (index < from) continue;
        await tx.unsafe(step);
        await tx`UPDATE fleet_schema SET version = ${index + 1}`;
      }
      const [{ schema }] = await tx`SELECT quote_ident(current_schema()) AS schema`;
      await tx.unsafe(grants.replaceAll("%SCHEMA%", schema));
      return { from, to: schemaVersion };
    });
  } catch (error) {
    throw sqlState(error) === "42501" ? new SetupError(notOwner) : error;
  }
}

/**
 * Whether nodes of this program may work with the database.
 *
 * @throws {SetupError} that says what to do.
 */
export async function requireSchema({ durable }: Connection): Promise<void> {
  await requireServer(durable);
  const found = await durable.run(async (sql) => {
    const [{ there }] = await sql`SELECT to_regclass('fleet_schema') IS NOT NULL AS there`;
    if (!there) return undefined;
    const [row] = await sql`SELECT version, oldest_node FROM fleet_schema`.catch((error: unknown) => {
      if (sqlState(error) !== "42501") throw error;
      throw new SetupError(
        `The user of fleet_url may not read easel's tables: use the role ${nodeRole}, and run easel fleet init as the owner`,
      );
    });
    return row as { version: number; oldest_node: number } | undefined;
  });
  if (!found || found.version === 0)
    throw new SetupError(
      "The database has no tables of easel yet: run easel fleet init with the owner's URL",
    );
  if (found.version < schemaVersion)
    throw new SetupError(
      `The database has version ${found.version} of easel's tables, this program needs ${schemaVersion}: run easel fleet migrate with ` +
        "the owner's URL; running machines go on meanwhile",
    );
  if (schemaVersion < found.oldest_node)
    throw new SetupError(
      `This easel is too old for the fleet: its database needs version ${found.oldest_node} of the tables, this program knows ` +
        `${schemaVersion}. Update easel on this machine`,
    );
}

const newer = (version: number) =>
  `The database has version ${version} of easel's tables, this program knows ${schemaVersion}: use the newest easel of the fleet`;

async function versionOf(tx: TransactionSQL): Promise<number> {
  const [{ there }] = await tx`SELECT to_regclass('fleet_schema') IS NOT NULL AS there`;
  if (!there) return 0;
  const [row] = await tx`SELECT version FROM fleet_schema`;
  return row?.version ?? 0;
}

const notOwner =
  "The user of fleet_url may not make tables in this database: give the URL of the database's owner to this command";

/** Rights that another role gives are ignored with a warning alone. */
async function requireOwner(tx: TransactionSQL): Promise<void> {
  const [row] =
    await tx`SELECT pg_has_role(relowner, 'USAGE') AS owner FROM pg_class WHERE oid = to_regclass('fleet_schema')`;
  if (!row?.owner) throw new SetupError(notOwner);
}

async function requireRole(tx: TransactionSQL): Promise<void> {
  const [role] = await tx`SELECT 1 FROM pg_roles WHERE rolname = ${nodeRole}`;
  if (!role)
    throw new SetupError(
      `The database server has no role ${nodeRole}, which nodes connect as. Make it with: CREATE ROLE ${nodeRole} LOGIN PASSWORD '…'`,
    );
}

const oldestServer = 140_000;

async function requireServer(client: Client): Promise<void> {
  const [{ version, name }] = await client.run(
    (sql) =>
      sql`SELECT current_setting('server_version_num')::int AS version, current_setting('server_version') AS name`,
  );
  if (version < oldestServer)
    throw new SetupError(`The database server is PostgreSQL ${name}; a fleet needs 14 or newer`);
}
