import { expect, test } from "bun:test";
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Env } from "../../../src/http/deps.ts";
import { jsonReader } from "../../../src/http/request/body.ts";
import { openRoutes, routesOf } from "../../../src/http/route.ts";
import { tempFiles } from "./deps.ts";

const body = z.object({ count: z.int(), loud: z.boolean().default(false) });
const route = createRoute({
  method: "post",
  path: "/things/{id}",
  request: {
    params: z.object({ id: z.string().regex(/^t\d$/) }),
    query: z.object({ limit: z.int().default(3) }),
    body: { content: { "application/json": { schema: body } } },
  },
  responses: {
    200: {
      description: "",
      content: { "application/json": { schema: z.object({ id: z.string(), sum: z.number() }) } },
    },
  },
});
const open = createRoute({
  method: "get",
  path: "/open/{id}",
  security: [],
  responses: { 200: { description: "", content: { "text/plain": { schema: z.string() } } } },
});

async function setup() {
  const app = new OpenAPIHono<Env>();
  const serve = routesOf(app, jsonReader({ max_upload_mb: 1, max_json_in_flight_mb: 1 }, await tempFiles()));
  return { app, serve };
}

test("a route is declared, validated and served by one statement", async () => {
  const { app, serve } = await setup();
  serve(route, (c) => {
    const { id } = c.req.valid("param");
    const { count } = c.req.valid("json");
    return c.json({ id, sum: count + c.req.valid("query").limit }, 200);
  });
  app.onError((error, c) => c.json({ error: error.message }, 422));
  const send = (path: string, json: unknown) =>
    app.request(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(json),
    });
  expect(await (await send("/things/t1?limit=4", { count: "2" })).json()).toEqual({ id: "t1", sum: 6 });
  for (const [path, json, place] of [
    ["/things/x", { count: 1 }, "path.id"],
    ["/things/t1?limit=many", { count: 1 }, "query.limit"],
    ["/things/t1", {}, "body.count"],
  ] as const) {
    const answer = await send(path, json);
    expect([answer.status, (await answer.json()).error]).toEqual([
      422,
      expect.stringContaining(place) as never,
    ]);
  }
  expect(app.openAPIRegistry.definitions.map((entry) => entry.type === "route" && entry.route.path)).toEqual([
    "/things/{id}",
  ]);
});

test("tsc rejects an answer that the route does not declare", async () => {
  const { serve } = await setup();
  // Nothing runs here: an unused directive is an error of the type check.
  // @ts-expect-error the status is not declared
  serve(route, (c) => c.json({ id: "t1", sum: 1 }, 201));
  // @ts-expect-error the body lacks a field
  serve(route, (c) => c.json({ id: "t1" }, 200));
  // @ts-expect-error a field has another type
  serve(route, (c) => c.json({ id: "t1", sum: "1" }, 200));
  // @ts-expect-error the request has no such part
  expect(() => serve(open, (c) => c.text(String(c.req.valid("query")), 200))).not.toThrow();
});

test("a route is open when it says so, whatever its parameters, and no other is", async () => {
  const { app, serve } = await setup();
  const isOpen = openRoutes(app);
  const seen: [string, boolean][] = [];
  app.use(async (c, next) => {
    seen.push([c.req.path, isOpen(c)]);
    await next();
  });
  serve(open, (c) => c.text("", 200), { at: "/open/:id{[0-9]+}" });
  serve(route, (c) => c.json({ id: "", sum: 0 }, 200));
  for (const path of ["/open/1", "/open/x", "/things/t1", "/nothing"]) await app.request(path);
  await app.request("/open/1", { method: "PUT" });
  expect(seen).toEqual([
    ["/open/1", true],
    ["/open/x", false],
    ["/things/t1", false],
    ["/nothing", false],
    ["/open/1", false],
  ]);
});
