import { closeSync, openSync, readSync } from "node:fs";

const forms: readonly (readonly [begins: RegExp, what: string])[] = [
  [
    /^version https:\/\/git-lfs\.github\.com/,
    "it is a Git LFS pointer, not the weights: run git lfs pull where it comes from",
  ],
  [
    /^\s*(<!doctype html|<html|<\?xml|<head)/i,
    "it is a web page, not the weights: the download got a page in their place",
  ],
  [/^\s*\{\s*"(error|message|detail)"/, "it is a server's error message, not the weights"],
];

/** Names a file that is not weights by its first bytes, such as a web page. */
export function mistakenFor(path: string): string | undefined {
  const bytes = Buffer.alloc(256);
  const file = openSync(path, "r");
  try {
    const text = bytes.toString("latin1", 0, readSync(file, bytes));
    return forms.find(([begins]) => begins.test(text))?.[1];
  } finally {
    closeSync(file);
  }
}
