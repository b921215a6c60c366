/** Where a document lacks something that another one promises. Prose is free; everything that a client relies on is compared. */
const prose = new Set(["description", "summary", "title", "examples", "example", "info", "tags"]);

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const isObject = (value: Json | undefined): value is { [key: string]: Json } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * @param place where the walk is, for the report
 * @param names whether the keys at this place are names of clients' things (properties, paths) and not words of the format
 */
export function lacks(promised: Json, served: Json | undefined, place = "", names = false): string[] {
  if (Array.isArray(promised)) {
    if (!Array.isArray(served)) return [`${place}: ${JSON.stringify(served)} is no list`];
    return promised.flatMap((item) => {
      const best = served
        .map((candidate) => lacks(item, candidate, place))
        .sort((a, b) => a.length - b.length)[0];
      return best === undefined || best.length > 0
        ? [`${place}: nothing for ${JSON.stringify(item)}`, ...(best ?? [])]
        : [];
    });
  }
  if (isObject(promised)) {
    if (!isObject(served)) return [`${place}: missing`];
    return Object.entries(promised).flatMap(([key, value]) => {
      if (!names && prose.has(key) && typeof value !== "object") return [];
      if (!names && (key === "examples" || key === "info")) return [];
      const inside = [
        "properties",
        "paths",
        "schemas",
        "responses",
        "content",
        "headers",
        "mapping",
      ].includes(key);
      return lacks(value, served[key], `${place}/${key}`, inside && !names);
    });
  }
  return Object.is(promised, served)
    ? []
    : [`${place}: ${JSON.stringify(served)} instead of ${JSON.stringify(promised)}`];
}

/** What a document demands of requests that another one does not: a required field that was not required before. */
export function demandsMore(promised: Json, served: Json | undefined, place = ""): string[] {
  if (!isObject(promised) || !isObject(served)) return [];
  const before = Array.isArray(promised.required) ? promised.required : [];
  const now = Array.isArray(served.required) ? served.required : [];
  const more =
    "properties" in promised && now.some((name) => !before.includes(name))
      ? [`${place}: requires ${now}`]
      : [];
  return [
    ...more,
    ...Object.entries(promised).flatMap(([key, value]) => demandsMore(value, served[key], `${place}/${key}`)),
  ];
}
