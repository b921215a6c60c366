/**
 * The disk, the native parts, the running server and the log.
 *
 * @module
 */
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { InspectedPart } from "../../../ffi/native.ts";
import type { Section } from "./report.ts";

/** The nearest folder that is there. */
const nearest = (path: string): string =>
  existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));

function freeBytes(path: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(nearest(path));
    return bavail * bsize;
  } catch {
    return null;
  }
}

/** Less than this, and the next picture or the next start may fail. */
const scarce = 1e9;

export function diskSection(folders: Readonly<Record<string, string>>): Section {
  const free = Object.entries(folders).map(([name, path]) => [name, path, freeBytes(path)] as const);
  return {
    name: "Disk",
    facts: Object.fromEntries(
      free.map(([name, path, bytes]) => [
        name,
        `${path}: ${bytes === null ? "unknown" : `${(bytes / 1e9).toFixed(1)} GB free`}`,
      ]),
    ),
    faults: free
      .filter(([, , bytes]) => bytes !== null && bytes < scarce)
      .map(([name, path, bytes]) => `only ${(bytes! / 1e6).toFixed(0)} MB are free for ${name} (${path})`),
  };
}

export function nativeSection(folder: string, parts: readonly InspectedPart[]): Section {
  const state = (whole: boolean | null) => (whole === null ? "" : whole ? ", as packed" : ", DAMAGED");
  return {
    name: "Native parts",
    facts: {
      folder,
      files: parts.map(
        ({ name, bytes, sha256, whole }) =>
          `${name}: ${(bytes / 1e6).toFixed(1)} MB, ${sha256.slice(0, 16) || "missing"}${state(whole)}`,
      ),
    },
    faults: parts
      .filter(({ whole }) => whole === false)
      .map(({ name }) => `the native part ${name} is damaged: easel check --engine unpacks it again`),
  };
}

const logLines = 20;

/** The end of the first log that is there. */
export function logSection(files: readonly string[]): Section {
  const file = files.find((path) => existsSync(path));
  const lines = file === undefined ? [] : readFileSync(file, "utf8").trimEnd().split("\n").slice(-logLines);
  return { name: "Log", facts: { file: file ?? "none", "last lines": lines }, faults: [] };
}

/** Asks a server at the settings' address. A missing server is not a fault. */
export async function serverSection(address: string, get: typeof fetch = fetch): Promise<Section> {
  const ask = async (path: string) => {
    const answer = await get(new URL(path, address), { signal: AbortSignal.timeout(2000) });
    return (await answer.text()).slice(0, 2000);
  };
  try {
    const [health, ready] = await Promise.all([ask("/health"), ask("/ready")]);
    return { name: "Server", facts: { address, health, ready }, faults: [] };
  } catch {
    return { name: "Server", facts: { address, health: "no answer", ready: null }, faults: [] };
  }
}
