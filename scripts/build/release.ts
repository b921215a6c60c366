/**
 * Makes every target's binary for a release and tests what can be tested here, on one Linux machine of x64:
 *
 * - linux-x64: all tests of the binary;
 * - linux-arm64: the tests of the binary that an emulator can run, with qemu-user;
 * - darwin-arm64: what macOS looks at before it runs a file (the build does that: imports, typeinfo, load commands, page hashes);
 * - all: the same sources give the same bytes, also in another folder.
 *
 *     bun scripts/build/release.ts [linux-x64] [linux-arm64] [darwin-arm64] [--no-again] [--no-test]
 *
 * @module
 */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { host, type Target } from "./native.ts";

const root = join(import.meta.dir, "../..");
const every: readonly Target[] = ["linux-x64", "linux-arm64", "darwin-arm64"];
const emulator = "qemu-aarch64-static";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { again: { type: "boolean", default: true }, test: { type: "boolean", default: true } },
  allowNegative: true,
});
const wanted = positionals.length > 0 ? every.filter((target) => positionals.includes(target)) : every;
const binary = (folder: string, target: Target) => join(folder, `dist/easel-${target}`);
const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");

/** Runs a program and shows what it says; one that fails ends everything. */
async function must(command: readonly string[], cwd: string, env: Record<string, string> = {}) {
  console.log(
    `\n$ ${Object.entries(env)
      .map(([name, value]) => `${name}='${value}' `)
      .join("")}${command.join(" ")}`,
  );
  const child = Bun.spawn([...command], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const code = await child.exited;
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}`);
}

/** Builds the committed sources once more in another folder, and compares. Only what was downloaded, with its hashes, is shared. */
async function again(): Promise<void> {
  const copy = mkdtempSync(join(tmpdir(), "easel-again-"));
  try {
    await must(["sh", "-c", `git -C '${root}' archive HEAD | tar -x -C '${copy}'`], root);
    // a link to the packages would show in the bytes: their folder's real name decides an order
    await must([process.execPath, "install", "--frozen-lockfile"], copy);
    const downloads = (path: string) => !/\/\.cache\/(objects|sanitize)$/.test(path);
    cpSync(join(root, ".cache"), join(copy, ".cache"), { recursive: true, filter: downloads });
    for (const target of wanted) {
      await must([process.execPath, "build.ts", "--target", target], copy);
      const [first, second] = [root, copy].map((folder) => sha256(binary(folder, target)));
      if (first !== second) throw new Error(`${target}: the same sources gave ${first} and then ${second}`);
      console.log(`${target}: the same bytes again, ${first}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

/** How the tests start a target's binary, and which of them; null where nothing here can start it. */
function testing(target: Target): { env: Record<string, string>; only: string[] } | null {
  const env = { EASEL_TEST_BINARY: binary(root, target) };
  if (target === host) return { env, only: [] };
  if (target !== "linux-arm64") return null;
  const path = Bun.which(emulator);
  if (!path) throw new Error(`${emulator} is needed: \`apt install qemu-user-static\``);
  return {
    env: {
      ...env,
      EASEL_TEST_RUNNER: `${path} -L /usr/aarch64-linux-gnu`,
      EASEL_TEST_CC: "aarch64-linux-gnu-gcc",
    },
    // what depends on the machine: starting, native parts, threads, signals; the text of the commands does not
    only: [
      "--test-name-pattern",
      "alone in a folder|cache folder|native parts|depth map|stopped|engine that breaks",
    ],
  };
}

try {
  if (wanted.length === 0) throw new Error(`unknown targets; known: ${every.join(", ")}`);
  if (!existsSync(join(root, "node_modules"))) throw new Error("run `bun install --frozen-lockfile` first");
  for (const target of wanted) await must([process.execPath, "build.ts", "--target", target], root);
  if (values.again) await again();
  for (const target of values.test ? wanted : []) {
    const how = testing(target);
    if (how)
      await must([process.execPath, "test", "--timeout=900000", ...how.only, "./test/binary"], root, how.env);
  }
  for (const target of wanted) console.log(`${sha256(binary(root, target))}  dist/easel-${target}`);
} catch (error) {
  console.error(`release: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
