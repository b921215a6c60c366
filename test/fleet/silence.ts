/**
 * A network that can go silent: a proxy on loopback that keeps its connections and forwards nothing.
 *
 * @module
 */
import net from "node:net";

export interface Proxy extends Disposable {
  port: number;
  /** Whether bytes are swallowed. */
  silent: boolean;
}

export async function silentProxy(port: number): Promise<Proxy> {
  const sockets = new Set<net.Socket>();
  const proxy = { port: 0, silent: false };
  const server = net.createServer((client) => {
    const upstream = net.connect(port, "127.0.0.1");
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on("data", (bytes) => proxy.silent || to.write(bytes));
      from.on("error", () => to.destroy());
      from.on("close", () => proxy.silent || to.destroy());
    }
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  proxy.port = (server.address() as net.AddressInfo).port;
  return Object.assign(proxy, {
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
}
