/** A job as the front gives it to the store. It fits every machine. */
export const arrival = (type = "fake", params: Record<string, unknown> = {}) => ({
  type,
  params,
  demand: { variant: "fake/base", warmKey: "fake/base@full", bytes: 1 },
  maxQueue: 100_000,
});
