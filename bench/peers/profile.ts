/**
 * Where the processor time of a network goes, by `perf` with the processor's clock. The library has no names of functions, so it is
 * linked once more with them, from the same objects.
 *
 * @module
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { nativeFolder } from "../../ffi/native.ts";
import { sources } from "../../scripts/build/compile.ts";

const root = join(import.meta.dir, "../..");

const objects = join(root, ".cache/objects/linux-x64");

/** Parts by the names of functions; the first that fits. */
const parts: readonly (readonly [RegExp, string])[] = [
  [/strip<.*attention\(/, "products of attention"],
  [/strip<.*winograd\(/, "Winograd: products"],
  [/strip<.*convolution\(/, "other convolutions"],
  [/strip<|some_rows<|product_of</, "products of linear layers"],
  [/store_row_apart/, "epilogues of linear layers (GELU, scale, residual)"],
  [/pack_keys|pack_panel/, "packing keys and values"],
  [/attention\(/, "softmax of attention"],
  [/winograd|store_vector_apart/, "Winograd: transforms"],
  [/convolution|gather/, "other convolutions"],
  [/resample|join_/, "resizing"],
  [/_norm\(/, "norms"],
];

/** A part's name and its share of the samples, the largest first. */
export type Profile = readonly (readonly [part: string, share: number])[];

/** Functions of the library by address. */
async function named(): Promise<(address: number) => string> {
  const folder = await nativeFolder({ usual: "" });
  const names = readdirSync(objects);
  // In the order that the library was linked in, so that functions have the same addresses.
  const made = sources()
    .filter((path) => path.endsWith(".cpp"))
    .map((path) => join(objects, names.find((name) => name.startsWith(`${basename(path)}-`))!));
  const twin = join(mkdtempSync(join(tmpdir(), "easel-profile-")), "libeasel.so");
  try {
    const map = `-Wl,--version-script=${join(root, "mlx-shim/exports.map")}`;
    const link = ["-shared", `-L${folder}`, "-lmlx", "-Wl,--build-id=none", map];
    const paths = ["-Wl,--disable-new-dtags", "-Wl,-rpath,$ORIGIN", "-o", twin];
    await Bun.$`${process.env.CXX ?? "g++"} ${made} ${link} ${paths}`.quiet();
    const list = (await Bun.$`nm -C --defined-only ${twin}`.text())
      .split("\n")
      .map((line) => /^([0-9a-f]+) [tTwW] (.*)$/.exec(line))
      .flatMap((found) => (found ? [[Number.parseInt(found[1]!, 16), found[2]!] as const] : []))
      .sort(([a], [b]) => a - b);
    return (address) => list.findLast(([start]) => start <= address)?.[1] ?? "";
  } finally {
    rmSync(join(twin, ".."), { recursive: true, force: true });
  }
}

/** Undefined where there is no `perf`, where it may not count, or where the library was not compiled. */
export async function profile(command: readonly string[], threads: string): Promise<Profile | undefined> {
  if (!existsSync(objects) || !Bun.which("perf")) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "easel-perf-"));
  const file = join(folder, "perf.data");
  try {
    const env = { ...process.env, EASEL_CPU_THREADS: threads };
    const ran = await Bun.$`perf record -q -F 499 -e cpu-clock -o ${file} ${command}`
      .env(env)
      .quiet()
      .nothrow();
    if (ran.exitCode !== 0) return undefined;
    const text =
      await Bun.$`perf report -i ${file} --stdio --sort dso,sym -F sample,dso,sym -t ${"\t"} 2>/dev/null`.text();
    const nameOf = await named();
    const shares = new Map<string, number>();
    let all = 0;
    for (const line of text.split("\n")) {
      const [samples, library = "", symbol = ""] = line.split("\t").map((field) => field.trim());
      const count = Number(samples);
      if (!count) continue;
      const address = /0x([0-9a-f]+)/.exec(symbol)?.[1];
      const ours = library === "libeasel.so" && address !== undefined;
      const name = ours ? nameOf(Number.parseInt(address, 16)) : "";
      const part = !ours
        ? /kernel/.test(library)
          ? "Linux: page faults, files"
          : "Bun, MLX and all else outside of the kernels"
        : (parts.find(([fits]) => fits.test(name))?.[1] ?? "the library's rest");
      shares.set(part, (shares.get(part) ?? 0) + count);
      all += count;
    }
    return [...shares].map(([part, count]) => [part, count / all] as const).sort(([, a], [, b]) => b - a);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
