/**
 * Compiles the shim with AddressSanitizer and UndefinedBehaviorSanitizer, together with a program that drives every function of it
 * (`test/mlx-shim/sanitize.cpp`), and runs that. MLX itself is as its wheel has it. Compiled again only when a source changes.
 *
 *     bun scripts/sanitize.ts
 *
 * @module
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { kernelFlags } from "./compile.ts";
import { buildNative, fetchWheels, host } from "./native.ts";

const root = join(import.meta.dir, "..");
const shim = join(root, "mlx-shim");
const driver = join(root, "test/mlx-shim/sanitize.cpp");

const flags = [
  ...["-std=c++20", "-O1", "-g", "-fno-omit-frame-pointer", "-Wall", "-Wextra", "-Werror"],
  ...(process.platform === "linux" ? kernelFlags : []),
  ...["-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all"],
];

/** Compiles what has changed, and returns the program. */
async function compiled(folder: string): Promise<string> {
  const tree = await fetchWheels(host);
  const compiler = process.env.CXX ?? (process.platform === "darwin" ? "clang++" : "g++");
  const headers = await texts([...new Bun.Glob("**/*.{h,hpp,inc}").scanSync({ cwd: shim, absolute: true })]);
  const common = [compiler, ...flags, basename(tree), ...headers];
  const units = [driver, ...new Bun.Glob("**/*.cpp").scanSync({ cwd: shim, absolute: true })].sort();
  const cache = join(root, ".cache/sanitize");
  mkdirSync(cache, { recursive: true });
  const include = ["-isystem", join(tree, "mlx/include"), `-I${shim}`];
  const objects = await each(units, async (unit) => {
    const object = join(cache, `${basename(unit)}-${stamp([...common, ...(await texts([unit]))])}.o`);
    if (!existsSync(object))
      await made(object, (as) => run([compiler, ...flags, ...include, "-c", unit, "-o", as]));
    return object;
  });
  const blas = process.platform === "linux" ? ["-rdynamic", "-Wl,--disable-new-dtags"] : [];
  const libraries = [`-L${folder}`, "-lmlx", ...blas, `-Wl,-rpath,${folder}`];
  const program = join(cache, `sanitize-${stamp(objects)}`);
  if (!existsSync(program))
    await made(program, (as) => run([compiler, ...flags, ...objects, ...libraries, "-o", as]));
  const wanted = new Set([...objects, program]);
  for (const name of readdirSync(cache)) if (!wanted.has(join(cache, name))) rmSync(join(cache, name));
  return program;
}

/** Compiles and runs. The text is empty when nothing was found. */
export async function sanitize(): Promise<string> {
  const { folder } = await buildNative();
  const program = await compiled(folder);
  const scratch = mkdtempSync(join(tmpdir(), "sanitize-"));
  try {
    const child = Bun.spawn([program, scratch], {
      env: { ...process.env, UBSAN_OPTIONS: "print_stacktrace=1", LSAN_OPTIONS: "print_suppressions=0" },
      stdout: "pipe",
      stderr: "pipe",
    });
    const [stdout, stderr, code] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    return code === 0 && stderr === "" ? "" : `exit ${child.signalCode ?? code}\n${stdout}${stderr}`;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function run(command: string[]): Promise<void> {
  const child = Bun.spawn(command, { stdout: "inherit", stderr: "pipe" });
  const [stderr, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new Error(`${command[0]} failed:\n${stderr}`);
}

/** As many at once as there are processors. */
async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const waiting = [...items.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) results[next[0]] = await work(next[1]);
  };
  await Promise.all(cpus().map(worker));
  return results;
}

/** Makes a file under another name first, so that it is never there in part. */
async function made(path: string, make: (as: string) => Promise<void>): Promise<void> {
  const staging = `${path}.${process.pid}`;
  await make(staging);
  renameSync(staging, path);
}

function texts(paths: readonly string[]): Promise<string[]> {
  return Promise.all([...paths].sort().map((path) => Bun.file(path).text()));
}

function stamp(parts: readonly string[]): string {
  return Bun.hash(parts.join("\0")).toString(36);
}

if (import.meta.main) {
  const found = await sanitize();
  console.log(found || "nothing found");
  process.exit(found ? 1 : 0);
}
