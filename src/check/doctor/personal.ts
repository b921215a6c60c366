/**
 * Removes personal data from a report: the home directory, names of users in paths, the name of the machine.
 *
 * @module
 */
export interface Person {
  /** The home directory, by every name it has. */
  homes: readonly string[];
  host: string;
}

/** Gives a function that removes a person's data from a text. */
export function withoutPerson({ homes, host }: Person): (text: string) => string {
  const known = [...new Set(homes)].filter((home) => home.length > 1).sort((a, b) => b.length - a.length);
  // a short name would be found inside other words
  const named = host.length > 3 && host !== "localhost" ? host.replace(/\.local$/, "") : null;
  return (text) => {
    let clean = text;
    for (const home of known) clean = clean.replaceAll(home, "~");
    clean = clean.replaceAll(/\/(Users|home)\/(?!Shared\b)[^/\s"':,;)]+/g, "/$1/…");
    clean = clean.replaceAll(/\/Volumes\/[^/\n"':,;)]+/g, "/Volumes/…");
    return named === null ? clean : clean.replaceAll(named, "this-machine");
  };
}

/** The same for every text of a value. */
export function deeply<T>(value: T, clean: (text: string) => string): T {
  if (typeof value === "string") return clean(value) as T;
  if (Array.isArray(value)) return value.map((each) => deeply(each, clean)) as T;
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, deeply(each, clean)])) as T;
  return value;
}
