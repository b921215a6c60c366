/**
 * Packages from npm for a cross build: sharp's of the target, and Bun's executable.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Target } from "./native.ts";
import { run } from "./run.ts";

const root = join(import.meta.dir, "../..");

/** node_modules as `bun install` makes it on the target. */
export async function crossPackages(target: Target): Promise<string> {
  const folder = join(root, ".cache/packages", target);
  mkdirSync(folder, { recursive: true });
  for (const name of ["package.json", "bun.lock"]) copyFileSync(join(root, name), join(folder, name));
  const [os, cpu] = target.split("-");
  await run(
    [
      ...[process.execPath, "install", "--frozen-lockfile", "--production", "--ignore-scripts"],
      ...["--cwd", folder, `--os=${os}`, `--cpu=${cpu}`],
    ],
    "bun is needed",
  );
  return join(folder, "node_modules");
}

/** Bun 1.4.5 for the other targets, as npm lists it. */
const runtimes: Partial<Record<Target, { name: string; integrity: string }>> = {
  "linux-x64": {
    name: "@oven/bun-linux-x64",
    integrity:
      "sha512-IWX9BELoGHAUtMonkeSaNaZwXzRk+oDw6Mk+HBFXd3KHYIBNBsIGRupMZPcgNoDbJpLu6gAJjIoIVPZtt1aJ1g==",
  },
  "linux-arm64": {
    name: "@oven/bun-linux-aarch64",
    integrity:
      "sha512-4BXmsSKnjOrlGWqZV4x/oWa7AVoR+B6lCXddMzOAXBIm3t50eslg9wb66gmtW1AamEQ1l1CDvmmruysEhqOWMg==",
  },
  "darwin-arm64": {
    name: "@oven/bun-darwin-aarch64",
    integrity:
      "sha512-4MIFXHmctH2EhAxLXm2/qxNtv17dFtLJylvaOCsrgq6KSqHTs6eW5YSrJjRbJxYUJaR901fsN8JfZOa+CsWpWQ==",
  },
};
const version = "1.4.5";

/** The executable that the target's binary begins with. */
export async function crossRuntime(target: Target): Promise<string> {
  if (Bun.version !== version) throw new Error(`built with Bun ${Bun.version}; ${version} is pinned`);
  const { name, integrity } = runtimes[target]!;
  const folder = join(root, ".cache/runtimes", `${target}-${version}`);
  const executable = join(folder, "package/bin/bun");
  if (existsSync(executable)) return executable;
  const staging = `${folder}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  try {
    await run(
      ["npm", "pack", "--silent", `${name}@${version}`, "--pack-destination", staging],
      "npm is needed",
    );
    const [archive] = [...new Bun.Glob("*.tgz").scanSync({ cwd: staging, absolute: true })];
    const hash = createHash("sha512").update(readFileSync(archive!)).digest("base64");
    if (`sha512-${hash}` !== integrity)
      throw new Error(`${name}@${version} has another hash than the pinned one`);
    await run(["tar", "-xzf", archive!, "-C", staging], "tar is needed");
    rmSync(archive!);
    renameSync(staging, folder);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return executable;
}
