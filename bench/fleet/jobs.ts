/** The models of the benchmark's jobs. */
export const variants = ["bench/a", "bench/b", "bench/c", "bench/d"];

/** A job for one of them. */
export const jobOf = (variant: string) => ({
  type: "bench",
  params: { variant, prompt: "a harbour at dawn, oil on canvas, fishing boats under a pale sky" },
  demand: { variant, warmKey: `${variant}@full`, bytes: 1 },
  maxQueue: 1_000_000,
});
