/** The engine thread: the only one that opens MLX. */
import { host } from "./engine/host.ts";
import type { Reply, Request } from "./engine/protocol.ts";
import { tasks } from "./tasks.ts";

declare const self: Worker;

const answer = host(tasks, (reply: Reply, transfer: Transferable[] = []) =>
  self.postMessage(reply, transfer),
);
self.onmessage = ({ data }: MessageEvent<Request & { id: number }>) => answer(data.id, data);
