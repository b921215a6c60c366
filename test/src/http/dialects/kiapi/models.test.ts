import { expect, test } from "bun:test";
import type { Need } from "../../../../../src/engine/need.ts";
import { Refusal } from "../../../../../src/errors.ts";
import { createApp } from "../../../../../src/http/app.ts";
import { testDeps } from "../../deps.ts";
import { toy } from "../../toy.ts";
import { setup } from "./toy-app.ts";

test("models are listed as the contract lists them, with what is on this machine", async () => {
  const { app } = await setup();
  const answer = await app.request("/v1/image/toy/models");
  expect(await answer.json()).toEqual([
    {
      name: "base",
      family: "toy",
      domain: "image",
      aliases: ["Toy", "toy-base"],
      default: true,
      features: ["depth", "image"],
      activated: false,
      licence: "Apache-2.0",
      commercial_use: true,
    },
  ]);
});

test("a model is unloaded by its name or an alias", async () => {
  const { app, deps } = await setup();
  const asked: unknown[] = [];
  deps.scheduler.unload = async (...names) => {
    asked.push(names);
    return { unloaded: true, freed_bytes: 2.7 * 2 ** 30 };
  };
  const unload = (name: string) => app.request(`/v1/image/toy/models/${name}/unload`, { method: "POST" });
  expect(await (await unload("TOY-base")).json()).toEqual({ unloaded: true, freed_gb: 2.7 });
  expect(asked).toEqual([["toy", "base"]]);
  expect((await unload("nope")).status).toBe(400);
});

test("a model's memory is planned for a size, by the scheduler, without a job", async () => {
  const asked: unknown[] = [];
  const need: Need = { variant: "base", bits: 8, phases: [], options: {}, transient: false };
  const deps = testDeps(
    {},
    {
      capabilities: [
        {
          ...toy,
          warm(...given) {
            asked.push([given[0], given[2]]);
            if (given[2]?.width === 9000) throw new Refusal("too_many_pixels", "too large");
            return need;
          },
        },
      ],
    },
  );
  deps.scheduler.plan = (family, planned) => {
    expect([family, planned]).toEqual(["toy", need]);
    return { peak_bytes: 7, budget_bytes: 5, fits: false, smaller: "a smaller size" };
  };
  const app = createApp(deps);
  const plan = (query: string) => app.request(`/v1/image/toy/models/${query}`);
  const answer = await plan("TOY-base/plan?width=640&height=480&steps=4&quantize=8");
  expect(await answer.json()).toEqual({
    model: "base",
    bits: 8,
    peak_bytes: 7,
    budget_bytes: 5,
    fits: false,
    smaller: "a smaller size",
  });
  expect(asked).toEqual([["base", { width: 640, height: 480, steps: 4, quantize: 8 }]]);
  for (const [query, status] of [
    ["nope/plan", 400],
    ["base/plan?width=0", 422],
    ["base/plan?width=wide", 422],
    ["base/plan?width=9000&height=9000", 400],
  ] as const)
    expect([query, (await plan(query)).status]).toEqual([query, status]);
});

test("a family's document holds its own routes alone and says what it is", async () => {
  const { app } = await setup();
  const document = await (await app.request("/v1/image/toy/openapi.json")).json();
  expect(Object.keys(document.paths)).toEqual([
    "/v1/image/toy/play",
    "/v1/image/toy/models",
    "/v1/image/toy/models/{name}/unload",
    "/v1/image/toy/models/{name}/activate",
    "/v1/image/toy/models/{name}/deactivate",
  ]);
  expect(document["x-kiapi-capability"]).toBe("toy");
  expect(document["x-kiapi-domain"]).toBe("image");
  expect(document["x-kiapi-root-openapi"]).toBe("/openapi.json");
  expect(document.components.schemas.FileRef.discriminator.mapping).toEqual({
    file_id: "#/components/schemas/FileIDRef",
    url: "#/components/schemas/FileURLRef",
    data_url: "#/components/schemas/FileDataURLRef",
  });
  expect(document.components.schemas.ToyRequest.properties.image).toEqual({
    $ref: "#/components/schemas/FileRef",
    description: "The picture.",
  });
  const root = await (await app.request("/openapi.json")).json();
  expect(Object.keys(root.paths).some((path) => path.includes("toy"))).toBe(false);
  expect(root.info.description).toContain("kiapi Toy API");
});
