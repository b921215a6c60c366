/**
 * Makes `dist/native`: MLX's library (and OpenBLAS on Linux) from PyPI's wheels, fetched by pinned hashes through pip, so that pip's own
 * index settings apply; and `libeasel`, the shim of `mlx-shim/` compiled against it. All files lie side by side.
 *
 * Nothing is done again while its inputs are the same.
 *
 *     bun scripts/native.ts
 *
 * @module
 */
import { cpSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";

const root = join(import.meta.dir, "..");
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
    files: ["mlx/lib/libmlx.so", "mlx_cpu.libs/*", "scipy_openblas32/lib/libscipy_openblas.so"],
    library: "libeasel.so",
  };
}

export const host = `${process.platform}-${process.arch}` as Target;

/** Fetches the target's wheels into the cache, unpacked, and returns the folder. */
export async function fetchWheels(target: Target): Promise<string> {
  const { requirements, platforms } = targets[target];
  const list = join(shim, requirements);
  const tree = join(root, ".cache/wheels", stamp([await Bun.file(list).text(), target]));
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
      "python3 with pip is needed to fetch MLX: `apt install python3-pip` or `brew install python`",
    );
    for (const wheel of readdirSync(staging).filter((name) => name.endsWith(".whl"))) {
      await run(
        ["python3", "-m", "zipfile", "-e", join(staging, wheel), staging],
        "python3 is needed to unpack MLX",
      );
      rmSync(join(staging, wheel));
    }
    renameSync(staging, tree);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
  return tree;
}

/** The shim's sources, headers and version script. */
function sources(): string[] {
  return [...new Bun.Glob("**/*.{cpp,h,hpp,inc,map}").scanSync({ cwd: shim })]
    .filter((name) => !name.startsWith("test/"))
    .sort()
    .map((name) => join(shim, name));
}

const warnings = ["-Wall", "-Wextra", "-Werror"];

/** Compiles the shim for this machine into `folder`, beside MLX. */
async function compile(tree: string, folder: string): Promise<void> {
  const mac = process.platform === "darwin";
  const compiler = process.env.CXX ?? (mac ? "clang++" : "g++");
  const units = sources().filter((name) => name.endsWith(".cpp"));
  const common = [
    ...["-std=c++20", "-O2", "-fPIC", "-fvisibility=hidden", "-fvisibility-inlines-hidden", ...warnings],
    ...["-isystem", join(tree, "mlx/include"), `-I${shim}`, ...units, `-L${folder}`, "-lmlx"],
  ];
  const linked = mac
    ? [
        "-dynamiclib",
        "-mmacosx-version-min=14.0",
        ...[
          "-install_name",
          "@rpath/libeasel.dylib",
          "-Wl,-rpath,@loader_path",
          "-o",
          join(folder, "libeasel.dylib"),
        ],
      ]
    : [
        ...["-shared", "-l:libscipy_openblas.so", "-s", `-Wl,--version-script=${join(shim, "exports.map")}`],
        // Old dtags: libmlx's own rpath points into the wheel's tree, and only a DT_RPATH of the library that loads it is searched too.
        ...["-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN", "-o", join(folder, "libeasel.so")],
      ];
  await run(
    [compiler, ...common, ...linked],
    "a C++ compiler is needed: `apt install g++` or `xcode-select --install`",
  );
}

/** Makes `dist/native` for this machine, unless it is there already. */
export async function buildNative(): Promise<Native> {
  if (!(host in targets))
    throw new Error(`There is no MLX for ${host}: ${Object.keys(targets).join(", ")} are known`);
  const { files, library } = targets[host];
  const folder = join(root, "dist/native");
  const tree = await fetchWheels(host);
  const texts = await Promise.all([...sources(), import.meta.path].map((path) => Bun.file(path).text()));
  const wanted = stamp([host, basename(tree), process.env.CXX ?? "", ...texts]);
  const mark = join(folder, ".stamp");
  const built = (await Bun.file(mark).exists()) && (await Bun.file(mark).text()) === wanted;
  if (!built) {
    const staging = join(root, `dist/.native-${process.pid}`);
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(staging, { recursive: true });
    try {
      for (const pattern of files) {
        const found = [...new Bun.Glob(pattern).scanSync({ cwd: tree })];
        if (!found.length) throw new Error(`The wheels hold no ${pattern}`);
        for (const file of found) cpSync(join(tree, file), join(staging, basename(file)));
      }
      await compile(tree, staging);
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

function stamp(parts: string[]): string {
  return new Bun.CryptoHasher("sha256").update(parts.join("\0")).digest("hex").slice(0, 16);
}

async function run(command: string[], missing: string): Promise<void> {
  const [program] = command;
  if (!Bun.which(program!)) throw new Error(missing);
  const { exitCode, stdout, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${program} failed:\n${stderr}${stdout}`);
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
