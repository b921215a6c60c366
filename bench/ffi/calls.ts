/**
 * What the border costs: one MLX operation through ffi/ against the same in a loop of C++, by turns in one process.
 *
 *     bun bench/ffi/calls.ts
 *
 * @module
 */
import { dlopen } from "bun:ffi";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluate, ones, openLibrary, scope, type Tensor } from "../../ffi/index.ts";
import { c } from "../../ffi/library.ts";
import { handleOf } from "../../ffi/tensor.ts";
import { buildNative, fetchWheels, host } from "../../scripts/build/native.ts";
import { ratio } from "./ratios.ts";

const rounds = 301;
/** Short, so that a round is seldom interrupted. */
const times = 2_000;

const { folder, library } = await buildNative();
openLibrary(join(folder, library), { device: "cpu" });

const scratch = mkdtempSync(join(tmpdir(), "calls-"));
const compiled = join(scratch, "calls.so");
const include = join(await fetchWheels(host), "mlx/include");
const { exitCode, stderr } = Bun.spawnSync([
  ...[process.env.CXX ?? "g++", "-std=c++20", "-O2", "-shared", "-fPIC", "-isystem", include],
  ...[join(import.meta.dir, "calls.cpp"), `-L${folder}`, "-lmlx", `-Wl,-rpath,${folder}`, "-o", compiled],
]);
if (exitCode !== 0) throw new Error(stderr.toString());
const { symbols: native } = dlopen(compiled, {
  nanoseconds_of_add: { args: ["i64"], returns: "f64" },
  nanoseconds_of_add_kept: { args: ["i64"], returns: "f64" },
  nanoseconds_of_reshape: { args: ["i64"], returns: "f64" },
});
rmSync(scratch, { recursive: true });

const a = ones([4]);
const b = ones([4]);
evaluate(a, b);

function timed(body: () => void): number {
  const start = Bun.nanoseconds();
  body();
  return (Bun.nanoseconds() - start) / times;
}

const each = (body: () => Tensor) => () => {
  for (let i = 0; i < times; i++) body().dispose();
};

const inScopes = (body: () => Tensor) => () => {
  for (let i = 0; i < times; i += 100) {
    scope(() => {
      for (let j = 0; j < 100; j++) body();
    });
  }
};

const rawAdd = () => {
  const [x, y] = [handleOf(a), handleOf(b)];
  for (let i = 0; i < times; i++) c.easel_free(c.easel_add(x, y));
};

const comparisons: [name: string, ours: () => void, theirs: (times: number) => number][] = [
  ["add, bare handles", rawAdd, native.nanoseconds_of_add],
  ["add, a Tensor each, disposed", each(() => a.add(b)), native.nanoseconds_of_add],
  ["add, Tensors in scopes of 100", inScopes(() => a.add(b)), native.nanoseconds_of_add_kept],
  ["reshape, a Tensor each, disposed", each(() => a.reshape(2, 2)), native.nanoseconds_of_reshape],
];

for (const [name, ours, theirs] of comparisons) {
  const [mine, other]: [number[], number[]] = [[], []];
  for (let round = -60; round < rounds; round++) {
    const [x, y] = round % 2 ? [timed(ours), theirs(times)] : [theirs(times), timed(ours)].reverse();
    if (round < 0) continue;
    mine.push(x!);
    other.push(y!);
  }
  console.log(ratio(name, mine, other, "ns"));
}
