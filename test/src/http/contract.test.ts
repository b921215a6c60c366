import { expect, test } from "bun:test";
import { families } from "../../../src/capabilities/registry.ts";
import { createApp } from "../../../src/http/app.ts";
import contract from "../../fixtures/contracts/common.openapi.json" with { type: "json" };
import newer from "../../fixtures/contracts/common-0.8.openapi.json" with { type: "json" };
import { testDeps } from "./deps.ts";
import { demandsMore, lacks } from "./superset.ts";

async function served(path: string) {
  const answer = await createApp(testDeps({}, { capabilities: families })).request(path);
  expect(answer.status).toBe(200);
  return answer.json();
}

test.each([contract, newer].map((promised) => [promised.info.version, promised] as const))(
  "the common document holds everything that the contract of kiapi %s promises",
  async (_, contract) => {
    const document = await served("/openapi.json");
    expect(document.openapi).toBe("3.1.0");
    expect(document.info.title).toBe(contract.info.title);
    expect(lacks(contract, document)).toEqual([]);
    expect(demandsMore(contract, document)).toEqual([]);
  },
);

for (const { family, title } of families) {
  const file = Bun.file(`${import.meta.dir}/../../fixtures/contracts/${family}.openapi.json`);
  if (!(await file.exists())) continue;
  test(`the ${family} document takes adapters of the folder where its models do`, async () => {
    const document = await served(`/v1/image/${family}/openapi.json`);
    const { lora } = document.components.schemas.FileRef.discriminator.mapping;
    const takes = families.find((each) => each.family === family)!.adapters !== undefined;
    expect(lora).toBe(takes ? "#/components/schemas/FileLoraRef" : undefined);
    expect("FileLoraRef" in document.components.schemas).toBe(takes);
  });

  test(`the ${family} document holds everything that the contract promises`, async () => {
    const promised = await file.json();
    const document = await served(`/v1/image/${family}/openapi.json`);
    expect(title).toBe(promised.info.title);
    expect(lacks(promised, document)).toEqual([]);
    expect(demandsMore(promised, document)).toEqual([]);
  });
}

test("the walk over the contract sees what is missing, renamed, retyped, narrowed or newly required", () => {
  const changed = (change: (copy: typeof contract) => void) => {
    const copy = structuredClone(contract);
    change(copy);
    return [...lacks(contract, copy), ...demandsMore(contract, copy)];
  };
  expect(changed(() => {})).toEqual([]);
  const changes: ((copy: typeof contract) => void)[] = [
    (copy) => void Reflect.deleteProperty(copy.paths["/v1/files/{file_id}"], "delete"),
    (copy) => void Object.assign(copy.paths["/health"].get, { operationId: "health" }),
    (copy) => void copy.paths["/v1/jobs/{job_id}"].get.parameters.pop(),
    (copy) => void Reflect.deleteProperty(copy.paths["/v1/files/{file_id}/download"].get.responses, "404"),
    (copy) => void Reflect.deleteProperty(copy.components.schemas.Job.properties, "progress_label"),
    (copy) => void Object.assign(copy.components.schemas.Job.properties.created_at, { type: "string" }),
    (copy) => void copy.components.schemas.JobStatus.enum.pop(),
    (copy) => void Object.assign(copy.components.schemas.FileRecord.properties.size, { minimum: 1 }),
    (copy) =>
      void Object.assign(copy.components.schemas.MemoryStats.properties.budget_gb, { exclusiveMinimum: 1 }),
    (copy) => void copy.components.schemas.Job.required.push("id"),
    (copy) => void Object.assign(copy.components.schemas.Job.properties.progress.anyOf[0]!, { maximum: 2 }),
    (copy) => void Reflect.deleteProperty(copy.components.schemas.FileRecord.properties, "filename"),
  ];
  for (const change of changes) expect(changed(change)).not.toEqual([]);
});
