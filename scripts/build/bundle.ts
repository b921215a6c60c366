/**
 * The contents of a target's binary, and its compilation.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BunPlugin } from "bun";
import { packPage } from "../../src/http/pages/playground-page.ts";
import { faults } from "./inspect.ts";
import { machFaults } from "./macho.ts";
import { newerMetal, type Target } from "./native.ts";
import { pack } from "./pack.ts";
import { buildPage } from "./playground.ts";

const root = join(import.meta.dir, "../..");

/** The files of a folder by their names. */
const filesOf = (folder: string): Record<string, Uint8Array> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => !name.startsWith("."))
      .map((name) => [name, readFileSync(join(folder, name))]),
  );

/**
 * The native parts by their names in the archive: the folder's files, libheif, and sharp's two packages as they lie in node_modules,
 * because the addon finds libvips by the path between them. `newer` is a folder of what needs a newer macOS, which keeps its name.
 */
export function parts(
  target: Target,
  folder: string,
  modules: string,
  newer?: string,
): Record<string, Uint8Array> {
  const files = filesOf(folder);
  for (const name of [`sharp-${target}`, `sharp-libvips-${target}`]) {
    const lib = join(modules, "@img", name, "lib");
    if (!existsSync(lib)) throw new Error(`sharp's package for ${target} is not installed: @img/${name}`);
    const file = readdirSync(lib).find((file) => /\.node$|^libvips-cpp\./.test(file));
    if (!file) throw new Error(`@img/${name} holds no library`);
    files[`${name}/lib/${file.endsWith(".node") ? "sharp.node" : file}`] = readFileSync(join(lib, file));
  }
  // libheif as it is published, so that another one can take its place.
  for (const name of ["libheif.js", "libheif.wasm", "LICENSE"])
    files[`libheif/${name}`] = readFileSync(join(root, "node_modules/libheif-js/libheif-wasm", name));
  const later = newer === undefined ? {} : filesOf(newer);
  const wrong = [...faults(files), ...faults(later, 26.2).map((fault) => `${newerMetal}/${fault}`)];
  if (wrong.length) throw new Error(`the native parts would not work elsewhere:\n  ${wrong.join("\n  ")}`);
  if (target.startsWith("darwin")) requireKernels(files["mlx.metallib"]);
  if (newer !== undefined) requireKernels(later["mlx.metallib"], ["nax"]);
  for (const [name, bytes] of Object.entries(later)) files[`${newerMetal}/${name}`] = bytes;
  // The models that are always there: files on disk once unpacked, as any other model's.
  for (const name of ["mini.safetensors", "mini-upscaler.safetensors"])
    files[name] = readFileSync(join(root, "assets/mini", name));
  return files;
}

/** A metallib built for the wrong target loads, and fails at the first picture. */
function requireKernels(metallib: Uint8Array | undefined, more: readonly string[] = []): void {
  const bytes = Buffer.from(metallib ?? []);
  const names = ["steel_gemm_fused", "steel_attention", "affine_qmm", "layer_norm", "rms", ...more];
  const missing = names.filter((name) => !bytes.includes(name));
  if (missing.length) throw new Error(`mlx.metallib lacks kernels: ${missing.join(", ")}`);
}

/** Packs the parts, unless the archive was made of the same ones. */
export async function packed(files: Record<string, Uint8Array>, path: string, level = 12): Promise<void> {
  const hash = new Bun.CryptoHasher("sha256");
  for (const name of Object.keys(files).sort()) hash.update(`${name}\0`).update(files[name]!);
  hash.update(`${level}\0`).update(readFileSync(join(import.meta.dir, "pack.ts")));
  const stamp = hash.digest("hex");
  const mark = `${path}.stamp`;
  if (existsSync(path) && existsSync(mark) && readFileSync(mark, "utf8") === stamp) return;
  mkdirSync(dirname(path), { recursive: true });
  await Bun.write(path, await pack(files, level));
  await Bun.write(mark, stamp);
}

/** Puts the archive, and sharp's addon out of it, where the sources name them. */
const nativeParts = (archive: string): BunPlugin => ({
  name: "native-parts",
  setup(build) {
    build.onResolve({ filter: /\/native\.tar\.zst$/ }, () => ({ path: archive }));
    // for every platform: another one's package in node_modules would be embedded too
    build.onResolve({ filter: /^@img\/sharp-.*\/sharp\.node$/ }, ({ path }) => ({
      path,
      namespace: "sharp",
    }));
    build.onLoad({ filter: /.*/, namespace: "sharp" }, () => ({
      loader: "js",
      contents: `process.dlopen(module, globalThis[Symbol.for("easel.sharp.addon")]);`,
    }));
  },
});

/** Leaves out messages in forty languages, which nothing here reaches. */
const leftOut: BunPlugin = {
  name: "left-out",
  setup(build) {
    build.onResolve({ filter: /\/locales\/index\.js$/ }, ({ importer }) =>
      importer.includes("/zod/") ? { path: "locales", namespace: "left-out" } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "left-out" }, () => ({ loader: "js", contents: "export {};" }));
  },
};

/** Scalar's script and the playground lie in the binary compressed; `src/assets.ts` unpacks them. */
const compressed = (page: Uint8Array): BunPlugin => ({
  name: "compressed",
  setup(build) {
    build.onLoad({ filter: /\/standalone\.js$/ }, async ({ path }) => ({
      loader: "file",
      contents: await Bun.zstdCompress(await Bun.file(path).bytes(), { level: 19 }),
    }));
    build.onLoad({ filter: /\/playground\/index\.html$/ }, async () => ({
      loader: "file",
      contents: await Bun.zstdCompress(page, { level: 19 }),
    }));
  },
});

export interface Bundle {
  target: Target;
  archive: string;
  outfile: string;
  /** Bun's own executable for another target than this machine's. */
  runtime?: string | undefined;
}

/** Compiles everything into one executable. */
export async function bundle({ target, archive, outfile, runtime }: Bundle): Promise<void> {
  // Made beforehand: a build that a plugin of another one waits for never begins.
  const page = packPage(await buildPage());
  const commit = headCommit();
  const result = await Bun.build({
    // the worker's path in the binary counts from src/, where main.ts is
    entrypoints: [join(root, "src/main.ts"), join(root, "src/worker.ts")],
    root: join(root, "src"),
    target: "bun",
    ...(commit !== undefined && { define: { BUILD_COMMIT: JSON.stringify(commit) } }),
    format: "esm",
    minify: true,
    bytecode: true,
    // what only some commands need stays in files of its own
    splitting: true,
    compile: {
      ...(runtime && { target: `bun-${target}` as Bun.Build.CompileTarget, executablePath: runtime }),
      outfile,
      // a stray file in the user's folder must not change the server
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
    plugins: [nativeParts(archive), leftOut, compressed(page)],
    throw: false,
  });
  if (!result.success) throw new Error(result.logs.map(String).join("\n"));
  const faults = target.startsWith("darwin") ? machFaults(readFileSync(outfile)) : [];
  if (faults.length) throw new Error(`macOS would not run the binary: it ${faults.join(", ")}`);
}

/** The commit that is checked out, or undefined outside of a clone. */
function headCommit(): string | undefined {
  const { success, stdout } = Bun.spawnSync(["git", "rev-parse", "--verify", "HEAD"], {
    cwd: root,
    stderr: "ignore",
  });
  return success ? stdout.toString().trim() : undefined;
}
