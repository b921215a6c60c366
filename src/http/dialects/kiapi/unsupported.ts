/** Operations that the contract has and this server does not: documented, and refused by one code. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Capability, UnsupportedOperation } from "../../../capabilities/capability.ts";
import { Refusal } from "../../../errors.ts";
import { baseOf } from "../../openapi/document.ts";
import type { Serve } from "../../route.ts";
import { refusalResponses, schemaResponse } from "./errors.ts";
import { AsyncJobResponse } from "./jobs-contract.ts";

export function unsupportedRoutes(serve: Serve, capability: Capability): void {
  for (const operation of capability.unsupported ?? []) {
    const route = unsupportedRoute(capability, operation);
    serve(route, () => {
      throw new Refusal("not_supported", `this server does not have ${route.path}`);
    });
  }
}

const never = { description: "Never answered." };

function unsupportedRoute(capability: Capability, operation: UnsupportedOperation) {
  const { path, operationId, summary, description, request } = operation;
  return createRoute({
    method: "post",
    path: `${baseOf(capability)}${path}`,
    operationId,
    summary,
    description,
    tags: [capability.family],
    request: { body: { required: true, content: { "application/json": { schema: request } } } },
    responses: {
      200: { ...never, content: { "application/json": { schema: z.unknown() } } },
      202: { ...never, content: { "application/json": { schema: AsyncJobResponse } } },
      400: never,
      503: never,
      ...schemaResponse,
      ...refusalResponses("not_supported"),
    },
  });
}
