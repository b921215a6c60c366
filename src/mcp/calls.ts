/**
 * Requests of a connection that are not answered yet.
 *
 * @module
 */
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  isJSONRPCRequest,
  type JSONRPCMessage,
  JSONRPCMessageSchema,
  type RequestId,
} from "@modelcontextprotocol/sdk/types.js";

export interface Calls {
  open(): number;
  /** Resolves once all requests so far are answered, cancelled, or cut off by the end of the connection. */
  settled(): Promise<void>;
  /** As `settled`, for the requests of one message or batch. */
  answered(body: unknown): Promise<void>;
}

/** Follows the requests of a transport. Ask before a server connects to it. */
export function followCalls(transport: Transport): Calls {
  /** A client may use an id twice; each request gets an answer of its own. */
  const open = new Map<RequestId, PromiseWithResolvers<void>[]>();

  function settle(id: RequestId): void {
    const [first, ...others] = open.get(id) ?? [];
    first?.resolve();
    if (others.length > 0) open.set(id, others);
    else open.delete(id);
  }

  transport.onmessage = (message) => {
    if (isJSONRPCRequest(message))
      open.set(message.id, [...(open.get(message.id) ?? []), Promise.withResolvers<void>()]);
    const cancelled = cancelledBy(message);
    // A cancelled request gets no answer.
    if (cancelled !== undefined) settle(cancelled);
  };
  transport.onclose = () => {
    for (const [id, all] of open) for (const _ of all) settle(id);
  };
  const send = transport.send.bind(transport);
  transport.send = async (message, options) => {
    try {
      await send(message, options);
    } finally {
      if (!("method" in message) && message.id !== undefined) settle(message.id);
    }
  };

  const promises = (ids: Iterable<RequestId>) =>
    [...ids].flatMap((id) => open.get(id) ?? []).map(({ promise }) => promise);
  return {
    open: () => open.size,
    settled: async () => void (await Promise.all(promises(open.keys()))),
    answered: async (body) => void (await Promise.all(promises(idsOf(body)))),
  };
}

function cancelledBy(message: JSONRPCMessage): RequestId | undefined {
  if (!("method" in message) || message.method !== "notifications/cancelled") return undefined;
  return (message.params as { requestId?: RequestId } | undefined)?.requestId;
}

const idsOf = (body: unknown): RequestId[] =>
  (Array.isArray(body) ? body : [body]).flatMap((message) => {
    const parsed = JSONRPCMessageSchema.safeParse(message);
    return parsed.success && isJSONRPCRequest(parsed.data) ? [parsed.data.id] : [];
  });
