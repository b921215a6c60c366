/** Ids of the files that came inside a job's request: those of its data URLs. */
export function filesInside(params: unknown): string[] {
  if (typeof params !== "object" || params === null) return [];
  const { type, file_id } = params as Record<string, unknown>;
  if (type === "data_url" && typeof file_id === "string") return [file_id];
  return Object.values(params).flatMap(filesInside);
}
