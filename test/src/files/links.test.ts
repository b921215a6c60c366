import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isGoodLink, linkKey, signedQuery } from "../../../src/files/links.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "easel-links-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const queryOf = (text: string) => Object.fromEntries(new URLSearchParams(text));

describe("the key of links", () => {
  test("is made once, for its owner alone", () => {
    const key = linkKey(folder);
    expect(key.length).toBe(32);
    expect(linkKey(folder)).toEqual(key);
    expect(statSync(join(folder, "link.key")).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["link.key"]);
  });

  test("is made anew where a full disk left half of one, which everybody could guess", () => {
    for (const left of [0, 31]) {
      writeFileSync(join(folder, "link.key"), new Uint8Array(left));
      const forged = signedQuery("images\none", { key: new Uint8Array(left), ttl: 60 });
      const key = linkKey(folder);
      expect(key.length).toBe(32);
      expect(isGoodLink("images\none", queryOf(forged), key)).toBe(false);
    }
  });
});

test("a link is good for what it names, and for a while", () => {
  const key = linkKey(folder);
  const query = queryOf(signedQuery("images\none", { key, ttl: 60 }));
  expect(isGoodLink("images\none", query, key)).toBe(true);
  expect(isGoodLink("images\ntwo", query, key)).toBe(false);
  expect(isGoodLink("images\none", { ...query, expires: String(Number(query.expires) + 1) }, key)).toBe(
    false,
  );
  expect(isGoodLink("images\none", queryOf(signedQuery("images\none", { key, ttl: -1 })), key)).toBe(false);
  expect(isGoodLink("images\none", {}, key)).toBe(false);
});
