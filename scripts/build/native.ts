/**
 * Makes `dist/native`: MLX's library from PyPI's wheels, fetched by pinned hashes through pip, so that pip's own index settings apply; and `libeasel`, the shim of `mlx-shim/` compiled against it. All files lie side by side.
 *
 * Nothing is done again while its inputs are the same.
 *
 *     bun scripts/build/native.ts
 *
 * @module
 */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { compile, sources } from "./compile.ts";
import { run } from "./run.ts";

const root = join(import.meta.dir, "../..");
const shim = join(root, "mlx-shim");

/** Where a build of the native parts ends up, and what it is called there. */
export interface Native {
  folder: string;
  library: string;
  files: string[];
}

/** What a target takes from the wheels. One glob each: a slash inside braces matches nothing in Bun's scan. */
const targets = {
  "linux-x64": linux("x86_64"),
  "linux-arm64": linux("aarch64"),
  "darwin-arm64": {
    requirements: "requirements-darwin.txt",
    platforms: ["macosx_14_0_arm64"],
    files: ["mlx/lib/libmlx.dylib", "mlx/lib/mlx.metallib"],
    library: "libeasel.dylib",
  },
};
export type Target = keyof typeof targets;

function linux(machine: string) {
  return {
    requirements: "requirements-linux.txt",
    // pip takes a platform literally: the newest does not include the older ones.
    platforms: ["manylinux_2_35", "manylinux_2_28", "manylinux_2_27"].map((name) => `${name}_${machine}`),
    files: ["mlx/lib/libmlx.so"],
    library: "libeasel.so",
  };
}

export const host = `${process.platform}-${process.arch}` as Target;

const pipMissing =
  "python3 with pip is needed to fetch MLX: `apt install python3 python3-pip` or `brew install python`";

/** Fetches the target's wheels into the cache, unpacked, and returns the folder. */
export async function fetchWheels(
  target: Target,
  platforms: readonly string[] = targets[target].platforms,
): Promise<string> {
  const list = join(shim, targets[target].requirements);
  const others = platforms === targets[target].platforms ? [] : platforms;
  const tree = join(root, ".cache/wheels", stamp([await Bun.file(list).text(), target, ...others]));
  if (existsSync(tree)) return tree;
  const staging = `${tree}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  try {
    await run(
      [
        "python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all:".split(
          " ",
        ),
        "--python-version=3.12 --implementation=cp".split(" "),
        platforms.map((platform) => `--platform=${platform}`),
        ["--dest", staging, "-r", list],
      ].flat(),
      pipMissing,
    );
    for (const wheel of readdirSync(staging).filter((name) => name.endsWith(".whl"))) {
      await run(["python3", "-m", "zipfile", "-e", join(staging, wheel), staging], pipMissing);
      rmSync(join(staging, wheel));
    }
    renameSync(staging, tree);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return tree;
}

/** Makes `dist/native` for this machine, or `dist/native-<target>` for another, unless it is there already. */
export async function buildNative(target = host): Promise<Native> {
  if (!(target in targets))
    throw new Error(`There is no MLX for ${target}: ${Object.keys(targets).join(", ")} are known`);
  const { files, library } = targets[target];
  const folder = join(root, target === host ? "dist/native" : `dist/native-${target}`);
  const tree = await fetchWheels(target);
  const makers = ["native.ts", "compile.ts", "objects.ts", "startup.ts"].map((name) =>
    join(import.meta.dir, name),
  );
  const programs = [...sources(), ...makers];
  const texts = await Promise.all(programs.map((path) => Bun.file(path).text()));
  const wanted = stamp([target, basename(tree), process.env.CXX ?? "", ...texts]);
  const mark = join(folder, ".stamp");
  const built = (await Bun.file(mark).exists()) && (await Bun.file(mark).text()) === wanted;
  if (!built) {
    const staging = join(root, `dist/.native-${target}-${process.pid}`);
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    try {
      for (const pattern of files) {
        const found = [...new Bun.Glob(pattern).scanSync({ cwd: tree })];
        if (!found.length) throw new Error(`The wheels hold no ${pattern}`);
        for (const file of found) cpSync(join(tree, file), join(staging, basename(file)));
      }
      await compile(target, target === host, tree, staging);
      if (target === host) await requireProducts(join(staging, library));
      await Bun.write(join(staging, ".stamp"), wanted);
      rmSync(folder, { recursive: true, force: true });
      renameSync(staging, folder);
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
  }
  return {
    folder,
    library,
    files: readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .sort(),
  };
}

/** The folder, beside the usual parts, of what needs macOS 26.2: MLX's kernels for the matrix units of an M5's GPU. */
export const newerMetal = "metal-26.2";

/** Makes `dist/native-metal-26.2`: the same shim beside MLX as its wheel for macOS 26 has it. */
export async function buildNewerMetal({ folder, library }: Native): Promise<string> {
  const tree = await fetchWheels("darwin-arm64", ["macosx_26_0_arm64"]);
  const newer = join(root, `dist/native-${newerMetal}`);
  rmSync(newer, { recursive: true, force: true });
  mkdirSync(newer, { recursive: true });
  for (const name of ["libmlx.dylib", "libjaccl.dylib", "mlx.metallib"])
    cpSync(join(tree, "mlx/lib", name), join(newer, name));
  cpSync(join(folder, library), join(newer, library));
  return newer;
}

function stamp(parts: string[]): string {
  return new Bun.CryptoHasher("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);
}

/** Fails when MLX does not find our matrix product, or anything else that it wants of the libraries that we leave out. */
async function requireProducts(library: string): Promise<void> {
  await run([process.execPath, join(import.meta.dir, "assert-kernels.ts"), library], "bun is needed");
}

if (import.meta.main) {
  try {
    const { folder, files } = await buildNative();
    console.log(`${folder}: ${files.join(", ")}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
