/**
 * Opens the connections to a fleet's database, and says in a sentence why that cannot be done.
 *
 * @module
 */
import { lookup } from "node:dns/promises";
import { Refusal } from "../errors.ts";
import type { Log } from "../log.ts";
import { type Address, addressOf, type FleetSettings } from "./address.ts";
import { type Connection, connect } from "./connect.ts";
import { isAway, SetupError, sqlState } from "./errors.ts";

const sayEvery = 600_000;
const askEvery = 1000;

/**
 * Gives connections to a database that has answered.
 *
 * @throws {SetupError} for what no waiting mends, and for a database that does not answer.
 */
export async function openConnection(settings: FleetSettings): Promise<Connection> {
  const address = addressOf(settings);
  const connection = connect(address);
  try {
    await probe(connection, address);
    return connection;
  } catch (error) {
    await connection[Symbol.asyncDispose]();
    throw error instanceof SetupError ? error : new SetupError(`${nameOf(address)} does not answer`);
  }
}

/** Gives connections, whether or not the database answers. `answers` settles when it does, and throws as `openConnection`. */
export function connectionTo(settings: FleetSettings): { connection: Connection; answers(): Promise<void> } {
  const address = addressOf(settings);
  const connection = connect(address);
  return { connection, answers: () => probe(connection, address) };
}

export interface Waiting {
  log: Log;
  /** Ends the waiting. */
  signal: AbortSignal;
  /** Called once, when there is something to wait for. */
  waits(): void;
}

/**
 * Repeats steps of the start while a database or a bucket does not answer: after a power cut, machines may come up before them. The log
 * names each at once, and then rarely. A step throws what no waiting mends.
 */
export function patience({ log, signal, waits }: Waiting): <T>(step: () => Promise<T>) => Promise<T> {
  const said = new Map<string, number>();
  return async (step) => {
    for (; ; await Bun.sleep(askEvery)) {
      signal.throwIfAborted();
      try {
        return await step();
      } catch (error) {
        if (!(error instanceof Refusal) || error.status !== 503) throw error;
        waits();
        const what = error.code === "files_unavailable" ? "files do" : "database does";
        if (performance.now() - (said.get(what) ?? Number.NEGATIVE_INFINITY) < sayEvery) continue;
        said.set(what, performance.now());
        log.warning(`the fleet's ${what} not answer: waiting until then`, { error });
      }
    }
  };
}

async function probe({ durable }: Connection, address: Address): Promise<void> {
  try {
    await durable.run((sql) => sql`SELECT 1`);
  } catch (error) {
    const why = reasonOf(error, address);
    if (why !== undefined) throw new SetupError(why);
    for (const { hostname } of address.hosts)
      if (!(await hasAddress(hostname)))
        throw new SetupError(
          `fleet_url names the host ${hostname}, which has no address: check its spelling`,
        );
    throw error;
  }
}

const placeOf = ({ hosts }: Address) => hosts.map(({ hostname, port }) => `${hostname}:${port}`).join(" or ");
const nameOf = (address: Address) => `The database ${address.database} at ${placeOf(address)}`;

/** Why the server will refuse this machine again, whenever it asks. Undefined when waiting may help. */
function reasonOf(error: unknown, address: Address): string | undefined {
  const { username, database } = address;
  const server = `The database server at ${placeOf(address)}`;
  const state = sqlState(error);
  if (state === "28P01")
    return `${server} refused the password of ${username}: check it in fleet_url, fleet_password_file or PGPASSWORD`;
  if (state.startsWith("28"))
    return `${server} does not let ${username} into ${database} from here: check the user's name, and pg_hba.conf on the server`;
  if (state === "3D000")
    return `${server} has no database ${database}: check fleet_url, or make it with createdb`;
  if (state === "42501")
    return `${server} does not let ${username} connect to ${database}: grant CONNECT on it`;
  const code = String((error as { code?: unknown } | null)?.code ?? "");
  if (code === "ERR_POSTGRES_TLS_NOT_AVAILABLE")
    return `${server} does not speak TLS: set ssl = on there, or allow_insecure_fleet if the network is trusted`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `${server} has a certificate for another name: use the name that it was made for in fleet_url`;
  if (code === "ERR_BORINGSSL") return "fleet_ca_file holds no certificate in PEM form";
  if (/CERT|VERIFY|ISSUER|SELF_SIGNED/.test(code))
    return `${server} has a certificate that no known CA signed, or that has expired (${code}): name its CA in fleet_ca_file`;
  return isAway(causeOf(error)) ? undefined : `${server} cannot be used: ${(error as Error).message}`;
}

const causeOf = (error: unknown): unknown => (error as { cause?: unknown } | null)?.cause ?? error;

async function hasAddress(hostname: string): Promise<boolean> {
  try {
    await lookup(hostname);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOTFOUND";
  }
}
