/**
 * Orders from one machine to others: a row that is announced, carried out, and answered.
 *
 * @module
 */
import type { Log } from "../log.ts";
import type { Connection } from "./connect.ts";

const channel = "easel_order";
const pollEvery = 100;

/** Carries out orders by their kind. The answer goes back as JSON. */
export type Orders = Readonly<Record<string, (body: unknown) => Promise<unknown>>>;

/** Tells a machine to look at its row and its orders at once. */
export const tellNode = ({ lazy }: Connection, node: string): Promise<unknown> =>
  lazy.run((sql) => sql`SELECT pg_notify(${channel}, ${node})`);

/** Runs `look` when a notification for this machine came, or may have come. */
export const heedOrders = (
  connection: Connection,
  node: string,
  look: () => void,
): Promise<() => Promise<void>> => connection.listen(channel, (told) => told === node && look(), look);

/** Carries out the orders that wait for this machine. A second call must wait for the first, or an order is carried out twice. */
export async function obey({ durable }: Connection, node: string, orders: Orders, log: Log): Promise<void> {
  const rows: { id: string; kind: string; body: string }[] = await durable.run(
    (sql) => sql`SELECT id, kind, body FROM orders WHERE node = ${node}::uuid AND answer IS NULL ORDER BY id`,
  );
  for (const { id, kind, body } of rows) {
    const answer = await carryOut(orders[kind], body).catch((error: unknown) => {
      log.warning("an order could not be carried out", { kind, error });
      return null;
    });
    await durable.run(
      (sql) => sql`UPDATE orders SET answer = ${JSON.stringify(answer)} WHERE id = ${id}::bigint`,
    );
  }
}

async function carryOut(order: Orders[string] | undefined, body: string): Promise<unknown> {
  // a newer machine may know more orders
  return order ? ((await order(JSON.parse(body))) ?? null) : null;
}

export interface Ordered {
  /** By the id of the machine. */
  answers: Map<string, unknown>;
  /** Ids of those that did not answer in time. */
  pending: string[];
}

/** Gives one order to several machines, and waits for their answers. */
export async function order(
  connection: Connection,
  nodes: readonly string[],
  { kind, body, milliseconds }: { kind: string; body: unknown; milliseconds: number },
): Promise<Ordered> {
  const { durable } = connection;
  const ids = new Map<string, string>();
  for (const node of nodes) {
    const [row] = await durable.run(
      (sql) =>
        sql`INSERT INTO orders (node, kind, body) VALUES (${node}::uuid, ${kind}, ${JSON.stringify(body)}) RETURNING id`,
    );
    ids.set(String(row.id), node);
    await tellNode(connection, node);
  }
  const answers = new Map<string, unknown>();
  const until = performance.now() + milliseconds;
  while (answers.size < nodes.length && performance.now() < until) {
    await Bun.sleep(pollEvery);
    const rows: { id: string; answer: string }[] = await durable.run(
      (sql) =>
        sql`SELECT id, answer FROM orders WHERE id = ANY (${sql.array([...ids.keys()], "bigint")}) AND answer IS NOT NULL`,
    );
    for (const { id, answer } of rows) answers.set(ids.get(String(id))!, JSON.parse(answer));
  }
  return { answers, pending: nodes.filter((node) => !answers.has(node)) };
}
