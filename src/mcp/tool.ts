/**
 * A tool, apart from the session that calls it: its schemas are made once for all sessions.
 *
 * @module
 */
import type { RequestHandlerExtra } from "@modelcontextprotocol/sdk/shared/protocol.js";
import type {
  CallToolResult,
  ServerNotification,
  ServerRequest,
  ToolAnnotations,
} from "@modelcontextprotocol/sdk/types.js";
import { z } from "zod";
import { type Api, ToolError } from "./api.ts";
import type { Watching } from "./jobs.ts";

export type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

export interface Tool {
  name: string;
  config: {
    title: string;
    description: string;
    inputSchema: z.ZodObject;
    outputSchema: z.ZodObject;
    annotations: ToolAnnotations;
  };
  run(api: Api, input: never, extra: Extra): Promise<CallToolResult>;
}

interface Described<Input extends z.ZodRawShape> {
  title: string;
  description: string;
  inputSchema: Input;
  outputSchema: z.ZodRawShape;
  annotations: ToolAnnotations;
}

export function tool<const Input extends z.ZodRawShape>(
  name: string,
  { inputSchema, outputSchema, ...said }: Described<Input>,
  run: (api: Api, input: z.output<z.ZodObject<Input>>, extra: Extra) => Promise<CallToolResult>,
): Tool {
  return {
    name,
    // Strict, so that an argument that no tool reads is refused and not dropped.
    config: { ...said, inputSchema: z.strictObject(inputSchema), outputSchema: z.object(outputSchema) },
    run: run as Tool["run"],
  };
}

const mostWait = 600;
export const wait_s = z
  .number()
  .min(0)
  .max(mostWait)
  .default(45)
  .describe("Seconds to wait for the result; after that the running job is returned.");

export const given = (fields: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

export function watchingOf(extra: Extra, waitSeconds: number): Watching {
  const token = extra._meta?.progressToken;
  return {
    signal: extra.signal,
    waitSeconds,
    ...(token !== undefined && {
      progress: (share: number, message: string) =>
        extra.sendNotification({
          method: "notifications/progress",
          params: { progressToken: token, progress: share, total: 1, message },
        }),
    }),
  };
}

/** Turns refusals into tool errors with their code: the agent reads them, the protocol does not fail. */
export function guarded(api: Api, { run }: Tool) {
  return async (input: object, extra: Extra): Promise<CallToolResult> => {
    try {
      return await run(api, input as never, extra);
    } catch (error) {
      const known = error instanceof ToolError;
      const text = known
        ? `${error.code}: ${error.message}`
        : "internal: the call failed; the server's log has the reason";
      return { isError: true, content: [{ type: "text", text }] };
    }
  };
}

/** Makes pictures: nothing is lost or overwritten by calling it again. */
export const making = {
  readOnlyHint: false,
  destructiveHint: false,
  idempotentHint: false,
  openWorldHint: true,
};
export const looking = { readOnlyHint: true, openWorldHint: false };
