/**
 * The URL of a fleet's database. It may name several servers: `postgres://user@db1.example,db2.example:5433/easel`.
 *
 * @module
 */

/** One URL a server, in their order; empty when the text is no such URL. */
export function serverUrls(text: string): URL[] {
  const [, before, hosts, after] = /^(postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)([^@/?#]+)(.*)$/.exec(text) ?? [];
  const urls = hosts?.split(",").map((host) => URL.parse(before + host + after)) ?? [];
  return urls.every((url) => url !== null && url.hostname !== "") ? (urls as URL[]) : [];
}

/** The password as the URL has it, in its escapes; "" without one. */
export const passwordIn = (text: string): string =>
  // a URL that is wrong elsewhere may still hold a password
  serverUrls(text)[0]?.password ?? URL.parse(text)?.password ?? "";
