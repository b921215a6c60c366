/**
 * Shows that `pip install -r` takes every requirements file of the repository as it is: a dry run, which downloads no package.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");
const pip = [
  "python3",
  "-m",
  "pip",
  "install",
  "--dry-run",
  "--quiet",
  "--disable-pip-version-check",
  "--ignore-installed",
];

/** Wheels of another system are resolved for that system. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  "mlx-shim/requirements-darwin.txt": [
    ..."--platform macosx_14_0_arm64 --python-version 3.12 --only-binary=:all: --target dist/none".split(" "),
  ],
};

/** The requirements files under version control. */
export function requirementFiles(folder = root): string[] {
  const { stdout } = Bun.spawnSync(["git", "ls-files", "*requirements*.txt"], { cwd: folder });
  return stdout.toString().split("\n").filter(Boolean);
}

/** Why pip does not take a file, or null. */
export async function refusalOf(path: string, folder = root): Promise<string | null> {
  const child = Bun.spawn([...pip, ...(elsewhere[path] ?? []), "-r", path], {
    cwd: folder,
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const text = await new Response(child.stderr).text();
  if ((await child.exited) === 0) return null;
  const errors = text.split("\n").filter((line) => line.startsWith("ERROR"));
  return (errors.length > 0 ? errors : [text.trim()]).join("\n");
}

/** Remembers files that were taken, since their pins do not change by themselves. */
function stampOf(path: string): string {
  const hash = new Bun.CryptoHasher("sha256").update(path).update(readFileSync(join(root, path)));
  return join(root, ".cache/requirements", hash.digest("hex").slice(0, 24));
}

if (import.meta.main) {
  const files = requirementFiles().filter((path) => !existsSync(stampOf(path)));
  const [first] = files;
  // The smallest of them shows whether an index can be reached at all.
  const probe = "scripts/gate/requirements-shellcheck.txt";
  const offline = first === undefined ? null : await refusalOf(probe);
  if (offline !== null && process.env.CI === undefined) {
    console.error(
      `\n*** SKIPPED: requirements files are not checked, since pip cannot reach an index.\n${offline}\n`,
    );
    process.exit(0);
  }
  let refused = 0;
  for (const path of files) {
    const why = await refusalOf(path);
    console.log(`${why === null ? "ok    " : "FAILED"} ${path}${why === null ? "" : `\n${why}`}`);
    if (why !== null) refused++;
    else {
      mkdirSync(join(root, ".cache/requirements"), { recursive: true });
      writeFileSync(stampOf(path), "");
    }
  }
  process.exit(refused > 0 ? 1 : 0);
}
