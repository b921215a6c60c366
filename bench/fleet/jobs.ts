import type { Claimed, JobStore, Offer } from "../../src/jobs/store/store.ts";

/** The models of the benchmark's jobs. */
export const variants = ["bench/a", "bench/b", "bench/c", "bench/d"];

/** A job for one of them. */
export const jobOf = (variant: string) => ({
  type: "bench",
  params: { variant, prompt: "a harbour at dawn, oil on canvas, fishing boats under a pale sky" },
  demand: { variant, warmKey: `${variant}@full`, bytes: 1 },
  maxQueue: 1_000_000,
});

/** What a machine with these models takes. */
export const offer = (variants: readonly string[], warm: readonly string[]): Offer => ({
  lane: "engine",
  except: [],
  types: ["bench"],
  variants,
  warm: warm.map((variant) => `${variant}@full`),
  budget: 1,
});

/** Ends a job with a file that it made. */
export const end = (store: JobStore, { job, claim }: Claimed) => {
  const file = {
    file_id: `file_${crypto.randomUUID().replaceAll("-", "")}`,
    filename: "a.png",
    content_type: "image/png",
    size: 1000,
    sha256: "",
    created_at: 0,
    meta: {},
  };
  return store.end(job.id, ["running"], { status: "succeeded", result: {}, files: [file] }, undefined, claim);
};
