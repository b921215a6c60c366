/**
 * Compiles the shim with sanitizers, together with a program that drives it, and runs that. MLX itself is as its wheel has it.
 * Compiled again is only what changed.
 *
 * - memory: AddressSanitizer and UndefinedBehaviorSanitizer, over every function of the shim (`test/mlx-shim/sanitize.cpp`);
 * - thread: ThreadSanitizer, over the pool, every kernel and the memory, with two threads and with four (`test/mlx-shim/threads.cpp`).
 *
 *     bun scripts/gate/sanitize.ts [memory | thread]
 *
 * @module
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { includeFlags, kernelFlags, sources } from "../build/compile.ts";
import { buildNative, fetchWheels, host } from "../build/native.ts";
import { keepOnly, objects, whole } from "../build/objects.ts";
import { run } from "../build/run.ts";

const root = join(import.meta.dir, "../..");
const onLinux = process.platform === "linux";

interface Kind {
  flags: readonly string[];
  driver: string;
  units: RegExp;
  env: Record<string, string>;
  /** One run for each number of threads; none: as many as there are processors. */
  threads: readonly (string | undefined)[];
}

const kinds = {
  memory: {
    flags: ["-fsanitize=address,undefined,float-cast-overflow", "-fno-sanitize-recover=all"],
    driver: "sanitize.cpp",
    units: /\.cpp$/,
    env: { UBSAN_OPTIONS: "print_stacktrace=1", LSAN_OPTIONS: "print_suppressions=0" },
    threads: [undefined],
  },
  thread: {
    flags: ["-fsanitize=thread"],
    driver: "threads.cpp",
    units: /\/(kernels\/\w+|linux\/(blas|calls|allocator))\.cpp$/,
    env: {},
    threads: ["2", "4"],
  },
} satisfies Record<string, Kind>;
export type Sanitizer = keyof typeof kinds;

const usual = [
  ...["-std=c++20", "-O1", "-g", "-fno-omit-frame-pointer", "-Wall", "-Wextra", "-Werror"],
  ...(onLinux ? kernelFlags : []),
];

/** Compiles what has changed, and returns the program. */
async function compiled(name: Sanitizer, folder: string): Promise<string> {
  const kind: Kind = kinds[name];
  const tree = await fetchWheels(host);
  const compiler = process.env.CXX ?? (onLinux ? "g++" : "clang++");
  const missing = "a C++ compiler is needed";
  const command = [compiler, ...usual, ...kind.flags];
  const cache = join(root, ".cache/sanitize");
  const made = await objects(
    [join(root, "test/mlx-shim", kind.driver), ...sources().filter((path) => kind.units.test(path))],
    {
      command: [...command, "-isystem", join(tree, "mlx/include"), ...includeFlags],
      include: root,
      besides: basename(tree),
      missing,
    },
    join(cache, `${name}-objects`),
  );
  const place = join(cache, name);
  mkdirSync(place, { recursive: true });
  const program = join(place, new Bun.CryptoHasher("sha256").update(made.join("\0")).digest("hex"));
  const libraries = [`-L${folder}`, "-lmlx", `-Wl,-rpath,${folder}`];
  if (onLinux) libraries.push("-rdynamic", "-Wl,--disable-new-dtags");
  if (!existsSync(program))
    await whole(program, (as) => run([...command, ...made, ...libraries, "-o", as], missing));
  keepOnly(place, [program]);
  return program;
}

/** ThreadSanitizer of GCC 12 does not start where the system scatters a program's memory over more than 28 bits of its pages. */
function still(name: Sanitizer): string[] {
  const file = "/proc/sys/vm/mmap_rnd_bits";
  if (name !== "thread" || !existsSync(file)) return [];
  return Number(readFileSync(file, "utf8")) > 28 ? ["setarch", "-R"] : [];
}

/** Compiles and runs. The text is empty when nothing was found. */
export async function sanitize(name: Sanitizer): Promise<string> {
  const { folder } = await buildNative();
  const program = await compiled(name, folder);
  const { env, threads }: Kind = kinds[name];
  for (const count of threads) {
    const scratch = mkdtempSync(join(tmpdir(), "sanitize-"));
    try {
      const child = Bun.spawn([...still(name), program, scratch], {
        env: { ...process.env, ...env, ...(count !== undefined && { EASEL_CPU_THREADS: count }) },
        stdout: "pipe",
        stderr: "pipe",
      });
      const [stdout, stderr, code] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
        child.exited,
      ]);
      if (code !== 0 || stderr !== "") return `exit ${child.signalCode ?? code}\n${stdout}${stderr}`;
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }
  return "";
}

if (import.meta.main) {
  const wanted = process.argv[2] as Sanitizer | undefined;
  const names = wanted ? [wanted] : (Object.keys(kinds) as Sanitizer[]);
  for (const name of names) {
    const found = await sanitize(name);
    console.log(`${name}: ${found || "nothing found"}`);
    if (found) process.exitCode = 1;
  }
}
