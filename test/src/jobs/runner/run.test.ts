import { describe, expect, test } from "bun:test";
import { TaskError } from "../../../../src/engine/engine.ts";
import { Refusal } from "../../../../src/errors.ts";
import { fakeOperation, harness, settle, threePhases } from "../harness.ts";

describe("a job", () => {
  test("goes from queued over running to succeeded, with its result and its files in one commit", async () => {
    const { scheduler, engine, files, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const job = await submit({ model: "base" });
    expect(job).toMatchObject({ status: "queued", progress: null, progress_label: "queued", artifacts: [] });
    expect(job.id).toMatch(/^job_[0-9a-f]{32}$/);
    await settle();
    expect(await scheduler.job(job.id)).toMatchObject({ status: "running", progress: 0 });
    engine.calls[0]!.finish({ depth: 7 });
    await settle();
    const ended = await scheduler.job(job.id);
    expect(ended).toMatchObject({
      status: "succeeded",
      progress: 1,
      progress_label: "done",
      error: null,
      error_code: null,
      result: { file_ids: ended.artifacts, facts: { prepared: true }, output: { depth: 7 } },
    });
    expect([...files.kept.keys()]).toEqual(ended.artifacts);
  });

  test("runs alone, in the order of arrival", async () => {
    const { scheduler, engine, submit, state } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const jobs = [await submit(), await submit(), await submit()];
    for (const [index, job] of jobs.entries()) {
      await settle();
      expect(engine.calls).toHaveLength(1);
      expect(await state(job.id)).toBe("running");
      expect(await scheduler.position(jobs[2]!.id)).toBe(Math.max(1 - index, 0));
      engine.calls[0]!.finish();
    }
    await settle();
    expect(await Promise.all(jobs.map(({ id }) => state(id)))).toEqual(Array(3).fill("succeeded"));
  });

  test("counts the steps of its phases by their shares, and names what it does", async () => {
    const { scheduler, engine, submit } = harness();
    engine.answer = undefined;
    await scheduler.start();
    const { id } = await submit({ phases: threePhases });
    const at = async () => {
      const { progress, progress_label } = await scheduler.job(id);
      return [progress, progress_label];
    };
    await settle();
    expect(await at()).toEqual([0, "loading"]);
    engine.calls[0]!.running.onProgress?.({ label: "encoding", done: 1, total: 2 });
    expect(await at()).toEqual([0.049, "encoding"]);
    engine.calls[0]!.finish();
    await settle();
    engine.calls[0]!.running.onProgress?.({ label: "denoising", done: 3, total: 4 });
    expect((await at())[0]).toBeCloseTo(0.686);
    engine.calls[0]!.finish();
    await settle();
    engine.calls[0]!.running.onProgress?.({ label: "decoding", done: 1, total: 1 });
    expect(await at()).toEqual([0.98, "decoding"]);
    engine.calls[0]!.finish();
    await settle();
    expect(await at()).toEqual([1, "done"]);
  });

  test("hands each phase what the phases before it gave, without a copy, and publishes the last one's", async () => {
    const outputs: string[] = [];
    const pixels = new Uint8Array(4);
    const { scheduler, engine, submit } = harness({
      operation: {
        prepare: async () => ({ input: { pixels }, facts: {} }),
        afterPhase: (phase) => void outputs.push(phase),
      },
    });
    const inputs: string[][] = [];
    engine.answer = (call) => {
      inputs.push(Object.keys(call.input));
      expect(pixels.byteLength).toBe(0);
      expect((call.input.pixels as Uint8Array).byteLength).toBe(4);
      call.finish({ [call.phase]: new Uint8Array([1]) });
    };
    await scheduler.start();
    const { id } = await submit({ phases: threePhases });
    await settle();
    expect(inputs).toEqual([["pixels"], ["pixels", "encode"], ["pixels", "encode", "denoise"]]);
    expect(outputs).toEqual(["encode", "denoise", "decode"]);
    expect(Object.keys((await scheduler.job(id)).result!.output as object)).toEqual(["decode"]);
  });

  test("frees what it needs no longer: inputs before it publishes, and the output once that is stored", async () => {
    const [pixels, depth] = [new Uint8Array(4), new Uint8Array(8)];
    let [atEngine, published]: [Uint8Array, Uint8Array] = [pixels, depth];
    const sizes: number[][] = [];
    const { scheduler, engine, files, submit } = harness({
      operation: {
        prepare: async () => ({ input: { pixels }, facts: {} }),
        publish: async (_params, _facts, output) => {
          published = output.depth as Uint8Array;
          sizes.push([atEngine.byteLength, published.byteLength]);
          return {
            artifacts: [{ bytes: [published], filename: "a.npz", content_type: "", meta: {} }],
            result: () => ({}),
            free: () => void (published.buffer as ArrayBuffer).transfer(0),
          };
        },
      },
    });
    engine.answer = (call) => {
      atEngine = call.input.pixels as Uint8Array;
      call.finish({ depth });
    };
    const { stage } = files;
    files.stage = (artifact, signal) => {
      sizes.push([published.byteLength]);
      return stage(artifact, signal);
    };
    await scheduler.start();
    await submit();
    await settle();
    expect(sizes).toEqual([[0, 8], [8]]);
    expect(published.byteLength).toBe(0);
  });

  test("leaves out phases whose outcome its inputs hold already, and loads nothing for them", async () => {
    const { scheduler, engine, submit } = harness({
      operation: {
        prepare: async () => ({
          input: {},
          facts: {},
          refresh: async () => ({ input: { embedding: 1 }, skip: ["encode"] }),
        }),
      },
    });
    await scheduler.start();
    const { id } = await submit({ phases: threePhases });
    await settle();
    expect(engine.log.filter((line) => line.startsWith("run"))).toEqual(["run denoise", "run decode"]);
    expect(engine.log.some((line) => line.includes("encoder"))).toBe(false);
    expect((await scheduler.job(id)).status).toBe("succeeded");
  });

  test("looks at what is known when its turn comes, not when its inputs were prepared", async () => {
    const known = new Set<string>();
    let asked = 0;
    const { scheduler, engine, submit } = harness({
      operation: {
        prepare: async () => ({
          input: {},
          facts: {},
          async refresh() {
            asked++;
            return { input: {}, skip: known.has("text") ? ["encode"] : [] };
          },
        }),
        afterPhase: (phase) => void (phase === "encode" && known.add("text")),
      },
    });
    await scheduler.start();
    await submit({ phases: threePhases });
    await submit({ phases: threePhases });
    await settle();
    const runs = engine.log.filter((line) => line.startsWith("run"));
    expect([asked, runs]).toEqual([
      2,
      ["run encode", "run denoise", "run decode", "run denoise", "run decode"],
    ]);
  });

  test("has its inputs prepared while the job before it runs", async () => {
    const prepared: unknown[] = [];
    const { scheduler, engine, submit } = harness({
      operation: {
        prepare: async (params) => {
          prepared.push(params.model);
          return { input: {}, facts: {} };
        },
      },
    });
    engine.answer = undefined;
    await scheduler.start();
    await submit({ model: "first" });
    await submit({ model: "second" });
    await submit({ model: "third" });
    await settle();
    expect(engine.calls).toHaveLength(1);
    expect(prepared).toEqual(["first", "second"]);
    engine.calls[0]!.finish();
    await settle();
    expect(prepared).toEqual(["first", "second", "third"]);
  });

  test("with bad inputs fails before it takes the engine, while another one runs", async () => {
    const { scheduler, engine, submit, state } = harness({
      operation: {
        prepare: async ({ bad }) => {
          if (bad) throw new Refusal("invalid_image", bad);
          return { input: {}, facts: {} };
        },
      },
    });
    engine.answer = undefined;
    await scheduler.start();
    const first = await submit();
    const bad = await submit({ bad: "The picture is broken" });
    const last = await submit();
    await settle();
    expect(await scheduler.job(bad.id)).toMatchObject({
      status: "failed",
      error: "The picture is broken",
      error_code: "invalid_image",
      progress: null,
      progress_label: "preparing",
    });
    expect(await state(first.id)).toBe("running");
    expect(scheduler.health().queue_len).toBe(1);
    engine.calls[0]!.finish();
    await settle();
    expect(await state(last.id)).toBe("running");
  });

  test("that fails says why without a path of the server, and the next one works", async () => {
    const { scheduler, engine, submit, state } = harness();
    await scheduler.start();
    engine.answer = (call) =>
      call.fail(new TaskError("[load] /home/me/weights/a.safetensors is cut", "failed"));
    const broken = await submit();
    await settle();
    expect(await scheduler.job(broken.id)).toMatchObject({
      status: "failed",
      error: "[load] a.safetensors is cut",
      error_code: "model_failed",
    });
    engine.answer = (call) => call.finish();
    const next = await submit();
    await settle();
    expect(await state(next.id)).toBe("succeeded");
  });

  test.each(["failed", "invalid_result", "checkpoint_invalid"] as const)(
    "that fails by %s drops its model, so that the next one loads it anew",
    async (kind) => {
      const { scheduler, engine, submit } = harness();
      await scheduler.start();
      engine.answer = (call) => call.fail(new TaskError("a NaN", kind));
      await submit();
      await settle();
      expect(engine.loaded.size).toBe(0);
      expect(scheduler.health().memory.loaded).toEqual([]);
      engine.answer = (call) => call.finish();
      await submit();
      await settle();
      expect(engine.log.filter((line) => line.startsWith("load"))).toHaveLength(2);
    },
  );

  test("that was given a wrong input leaves its model in memory", async () => {
    const { scheduler, engine, submit } = harness();
    await scheduler.start();
    engine.answer = (call) => call.fail(new TaskError("lora.safetensors fits nowhere", "invalid_input"));
    await submit();
    await settle();
    expect(engine.loaded.size).toBe(1);
  });

  test("whose model is gone from the machine fails as not activated", async () => {
    const { scheduler, submit } = harness({ missing: ["apple/DepthPro"] });
    await scheduler.start();
    const { id } = await submit();
    await settle();
    expect(await scheduler.job(id)).toMatchObject({
      status: "failed",
      error_code: "not_activated",
      error: "model 'base' is not activated; missing: apple/DepthPro",
    });
  });

  test("that turns out too big once its inputs are known fails before anything is loaded", async () => {
    const { scheduler, engine, submit } = harness({
      operation: {
        async prepare() {
          const need = fakeOperation().need({ workingGb: 12 }, undefined as never);
          return { input: {}, facts: {}, need };
        },
      },
    });
    await scheduler.start();
    const { id } = await submit();
    await settle();
    expect(await scheduler.job(id)).toMatchObject({ status: "failed", error_code: "over_budget" });
    expect((await scheduler.job(id)).error).toContain("needs ~13.0 GB");
    expect(engine.log).toEqual([]);
  });

  test("that cannot be saved fails and leaves no file behind", async () => {
    const { scheduler, files, submit } = harness();
    const stage = files.stage;
    files.stage = async (artifact, signal) => {
      if (artifact.filename === "fake_1.bin") throw new Refusal("disk_full", "No space is left");
      return stage(artifact, signal);
    };
    await scheduler.start();
    const { id } = await submit({ outputs: 2 });
    await settle();
    expect(await scheduler.job(id)).toMatchObject({
      status: "failed",
      error_code: "disk_full",
      artifacts: [],
    });
    expect(files.staged.size + files.kept.size).toBe(0);
  });
});
