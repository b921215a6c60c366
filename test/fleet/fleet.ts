/**
 * A database of a fleet for tests: tables made, and connections as a node has them.
 *
 * @module
 */
import { addressOf } from "../../src/fleet/address.ts";
import { type Connection, type ConnectOptions, connect } from "../../src/fleet/connect.ts";
import { initialize } from "../../src/fleet/migrate.ts";
import { defaultSettings } from "../../src/settings/load.ts";
import type { Postgres } from "./postgres.ts";
import { postgres } from "./servers.ts";

/** A connection to the database of a URL. */
export const connection = (fleet_url: string, options?: ConnectOptions): Connection =>
  connect(addressOf(defaultSettings({ fleet_url }), {}), options);

export interface FleetDatabase {
  /** The URL of the owner, and of the nodes' role. */
  url: string;
  nodeUrl: string;
}

/** A new database with the tables of a fleet, on the shared server unless another is given. */
export async function fleetDatabase(server?: Postgres): Promise<FleetDatabase> {
  const { database, url: urlOf } = server ?? (await postgres());
  const { name, url } = await database();
  await using owner = connection(url);
  await owner.durable.run((sql) =>
    sql.unsafe(`DO $$ BEGIN CREATE ROLE easel_node LOGIN; EXCEPTION WHEN duplicate_object THEN END $$`),
  );
  await initialize(owner);
  return { url, nodeUrl: urlOf(name, "easel_node") };
}
