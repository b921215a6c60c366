/**
 * Compiles the shim of `mlx-shim/` against MLX, for this machine or for another one.
 *
 * @module
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Target } from "./native.ts";
import { objects } from "./objects.ts";
import { run } from "./run.ts";
import { objectFaults, startupFaults } from "./startup.ts";
import { stubs } from "./stubs.ts";

const root = join(import.meta.dir, "../..");
const shim = join(root, "mlx-shim");

/** Sources, headers and version script of the kernels and of the shim. */
export function sources(): string[] {
  return [...new Bun.Glob("{kernels,mlx-shim}/**/*.{c,cpp,h,hpp,inc,map}").scanSync({ cwd: root })]
    .sort()
    .map((name) => join(root, name));
}

const units = () => sources().filter((name) => name.endsWith(".cpp"));
const warnings = ["-Wall", "-Wextra", "-Werror"];
/** `#include "…"` names a file beside the one that says it, or by its path in the repository. */
export const includeFlags = [`-I${root}`];
const common = (tree: string) => [
  ...["-std=c++20", "-fPIC", "-fvisibility=hidden", "-fvisibility-inlines-hidden", ...warnings],
  ...["-isystem", join(tree, "mlx/include"), ...includeFlags],
  // MLX's headers write the names of their files into what they check: no folder of this machine, and the same bytes everywhere
  `-ffile-prefix-map=${root}=.`,
];

/** The kernels: each instruction set is one source that raises it by itself. */
export const kernelFlags = ["-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi"];

/** The units' objects. Those of each target are kept beside each other's. */
const compiled = (target: Target, command: readonly string[], tree: string, missing: string) =>
  objects(
    units(),
    { command: [...command, ...common(tree)], include: root, besides: basename(tree), missing },
    join(root, ".cache/objects", target),
  );

/** Puts `libeasel` into `folder`, where MLX's library is already. */
export async function compile(target: Target, here: boolean, tree: string, folder: string): Promise<void> {
  if (target !== "darwin-arm64") return compileLinux(target, here, tree, folder);
  return here ? compileMac(tree, folder) : compileMacElsewhere(tree, folder);
}

async function compileLinux(target: Target, here: boolean, tree: string, folder: string): Promise<void> {
  const compiler = here ? (process.env.CXX ?? "g++") : "aarch64-linux-gnu-g++";
  const missing = here
    ? "a C++ compiler is needed: `apt install g++`"
    : "a compiler for arm64 is needed: `apt install g++-aarch64-linux-gnu`";
  for (const name of readdirSync(join(tree, "mlx_cpu.libs")).filter((name) =>
    /^lib(blas|lapack)-/.test(name),
  ))
    await run(
      [
        ...[
          compiler,
          "-x",
          "c",
          "-O2",
          "-fPIC",
          ...warnings,
          join(shim, "linux/lapack_stubs.c"),
          "-shared",
          "-s",
        ],
        ...[`-Wl,-soname,${name}`, "-Wl,-z,defs", "-o", join(folder, name)],
      ],
      missing,
    );
  const made = await compiled(target, [compiler, "-O3", ...kernelFlags], tree, missing);
  const library = join(folder, "libeasel.so");
  await linkLinux(compiler, made, folder, missing);
  if (target === "linux-x64") await requireEveryProcessor(made, library);
}

/** Links the objects with the MLX of a folder to that folder's library. */
async function linkLinux(
  compiler: string,
  made: readonly string[],
  folder: string,
  missing: string,
): Promise<void> {
  await run(
    [
      compiler,
      ...made,
      ...[`-L${folder}`, "-lmlx"],
      ...["-shared", "-s", "-Wl,--build-id=none", `-Wl,--version-script=${join(shim, "exports.map")}`],
      // Old dtags: libmlx's own rpath points into the wheel's tree, and only a DT_RPATH of the library that loads it is searched too.
      ...["-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN", "-o", join(folder, "libeasel.so")],
    ],
    missing,
  );
}

/**
 * For measurements on this Linux machine: puts a library into `folder`, beside the MLX that is there, of which some units are compiled
 * with other flags.
 */
export async function compileVariant(
  tree: string,
  folder: string,
  flagsOf: (unit: string) => readonly string[],
): Promise<void> {
  const target = `${process.platform}-${process.arch}` as Target;
  const compiler = process.env.CXX ?? "g++";
  const missing = "a C++ compiler is needed: `apt install g++`";
  const command = [compiler, "-O3", ...kernelFlags];
  const made = await compiled(target, command, tree, missing);
  const own = await Promise.all(
    units().map(async (unit, i) => {
      const flags = flagsOf(unit);
      if (flags.length === 0) return made[i]!;
      const cache = join(root, ".cache/variants", `${basename(unit)}-${Bun.hash(flags.join("\0"))}`);
      const whole = [...command, ...flags, ...common(tree)];
      const how = { command: whole, include: root, besides: basename(tree), missing };
      return (await objects([unit], how, cache))[0]!;
    }),
  );
  await linkLinux(compiler, own, folder, missing);
}

/** Fails when code of one instruction set may run on a processor that does not have it. */
async function requireEveryProcessor(made: readonly string[], library: string): Promise<void> {
  const mayRaise = (object: string) =>
    /^(avx2|avx2integer|avxvnni|avx512|avx512bf16|avx512vnni|amx_three|amx_six|amx_bfloat16|amx_integer)\.cpp-/.test(
      basename(object),
    );
  const checks = made.map((object) => objectFaults(object, mayRaise(object)));
  const faults = (await Promise.all([...checks, startupFaults(library)])).flat();
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

async function compileMac(tree: string, folder: string): Promise<void> {
  const compiler = process.env.CXX ?? "clang++";
  const missing = "a C++ compiler is needed: `xcode-select --install`";
  const command = [compiler, "-O2", "-mmacosx-version-min=14.0"];
  await run(
    [
      ...command,
      ...(await compiled("darwin-arm64", command, tree, missing)),
      ...[`-L${folder}`, "-lmlx", "-dynamiclib"],
      ...["-install_name", "@rpath/libeasel.dylib", "-Wl,-rpath,@loader_path"],
      ...["-o", join(folder, "libeasel.dylib")],
    ],
    missing,
  );
}

/** LLVM 16 is the generation of macOS 14's own libc++, whose headers the shim has to be compiled with. */
const llvm = "/usr/lib/llvm-16";

async function compileMacElsewhere(tree: string, folder: string): Promise<void> {
  if (![`${llvm}/bin/clang++`, `${llvm}/bin/ld64.lld`, `${llvm}/include/c++/v1/vector`].every(existsSync))
    throw new Error("compilers for macOS are needed: `apt install clang-16 lld-16 libc++-16-dev`");
  const headers = await appleHeaders();
  const work = mkdtempSync(join(tmpdir(), "easel-mac-"));
  try {
    const mlx = join(tree, "mlx/lib/libmlx.dylib");
    await stubs(mlx, work);
    const made = await compiled(
      "darwin-arm64",
      [
        `${llvm}/bin/clang++`,
        ...["-O2", "-target", "arm64-apple-macos14.0", "-DNDEBUG"],
        ...["-nostdinc", "-nostdinc++", "-isystem", `${llvm}/include/c++/v1`],
        ...["-isystem", `${llvm}/lib/clang/16/include`, "-isystem", headers],
        // the newer math.h expects these of a newer compiler's float.h
        ...["-DINFINITY=__builtin_inff()", '-DNAN=__builtin_nanf("")'],
      ],
      tree,
      "",
    );
    await run(
      [
        `${llvm}/bin/ld64.lld`,
        ...["-dylib", "-arch", "arm64", "-platform_version", "macos", "14.0", "14.0"],
        ...["-install_name", "@rpath/libeasel.dylib", "-rpath", "@loader_path", "-dead_strip", "-x"],
        ...[...made, "-L", work, "-lc++", "-lSystem", mlx, "-o", join(folder, "libeasel.dylib")],
      ],
      "",
    );
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Apple's C headers, out of zig's wheel. */
async function appleHeaders(): Promise<string> {
  const folder = join(root, ".cache/apple-headers");
  if (existsSync(folder)) return folder;
  const staging = `${folder}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  try {
    const requirements = join(shim, "requirements-cross.txt");
    await run(
      [
        ..."python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes".split(
          " ",
        ),
        ...["--only-binary=:all:", "--dest", staging, "-r", requirements],
      ],
      "python3 with pip is needed: `apt install python3 python3-pip`",
    );
    const [wheel] = [...new Bun.Glob("*.whl").scanSync({ cwd: staging, absolute: true })];
    await run(["python3", "-m", "zipfile", "-e", wheel!, staging], "python3 is needed");
    cpSync(join(staging, "ziglang/lib/libc/include/any-darwin-any"), folder, { recursive: true });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return folder;
}
