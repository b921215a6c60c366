import { expect, test } from "bun:test";
import type { Api } from "../../../src/mcp/api.ts";
import { type Job, jobResult } from "../../../src/mcp/jobs.ts";

const job: Job = {
  id: "job_0a",
  type: "activation",
  status: "succeeded",
  params: { family: "flux2", model: "klein-4b", bits: 4 },
  result: { family: "flux2", model: "klein-4b", bits_in_use: 4 },
  artifacts: [],
  error: null,
  error_code: null,
  progress: 1,
  progress_label: "done",
};

test("a model that was installed is named, and no files are announced", async () => {
  // A job without files asks the server nothing.
  const { content, structuredContent } = await jobResult({} as Api, job);
  expect(content).toEqual([{ type: "text", text: "flux2/klein-4b is installed (job job_0a)." }]);
  expect(structuredContent).toMatchObject({ job_id: "job_0a", status: "succeeded", files: [] });
});

test("a copy in fewer bits than what is here already is said not to be in use", async () => {
  const { content } = await jobResult({} as Api, { ...job, result: { ...job.result, bits_in_use: 16 } });
  expect(content).toEqual([
    {
      type: "text",
      text: expect.stringContaining("it is here in 16 bits, too, which stay in use: remove them"),
    },
  ]);
});
