import { type Client, json } from "./client.ts";
import { CommandError, exitCodes } from "./context.ts";

/** Kinds of ids by the list that holds them. */
const kinds = {
  jobs: { prefix: "job_", idOf: (record: Record<string, unknown>) => String(record.id) },
  files: { prefix: "file_", idOf: (record: Record<string, unknown>) => String(record.file_id) },
} as const;

/** A shorter start could mean the only file or job by accident, such as one from an empty shell variable. */
const shortestStart = 4;

/** The id that a unique start of it means, with or without its prefix: `job_ab12` or `ab12`. */
export async function fullId(client: Client, list: keyof typeof kinds, start: string): Promise<string> {
  const { prefix } = kinds[list];
  const kind = prefix.slice(0, -1);
  const rest = start.startsWith(prefix) ? start.slice(prefix.length) : start;
  if (rest.length < shortestStart || !/^[0-9a-z]+$/.test(rest))
    throw new CommandError(
      `"${start}" is not the id of a ${kind}: give the whole id, or at least its first ${shortestStart} characters after ${prefix}`,
      exitCodes.usage,
    );
  const wanted = `${prefix}${rest}`;
  if (rest.length >= 32) return wanted;
  const found = (await allIds(client, list)).filter((id) => id.startsWith(wanted));
  if (found.length === 1) return found[0]!;
  throw new CommandError(
    found.length === 0
      ? `No ${kind} has an id that starts with ${wanted}`
      : `${found.length} ${list} have an id that starts with ${wanted}: ${found.slice(0, 4).join(", ")}${found.length > 4 ? ", …" : ""}`,
    exitCodes.usage,
  );
}

/** The ids of a whole list. `query` narrows it, such as `&status=queued`. */
export async function allIds(client: Client, list: keyof typeof kinds, query = ""): Promise<string[]> {
  const ids: string[] = [];
  for (let more = true; more; ) {
    const after = ids.length > 0 ? `&after=${ids.at(-1)}` : "";
    const page = await json<{ data: Record<string, unknown>[]; has_more: boolean }>(
      await client.request(`/v1/${list}?limit=1000${after}${query}`),
    );
    ids.push(...page.data.map(kinds[list].idOf));
    more = page.has_more && page.data.length > 0;
  }
  return ids;
}
