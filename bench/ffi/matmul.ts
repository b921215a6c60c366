/**
 * Matrix products in float32 with two threads, ours against PyTorch's, by turns, a process each. Above 1 PyTorch is faster.
 *
 *     PYTHON=.venv/bin/python bun bench/ffi/matmul.ts
 *
 * @module
 */
import { join } from "node:path";
import { evaluate, openLibrary, random, scope } from "../../ffi/index.ts";
import { linear } from "../../ffi/ops.ts";
import { buildNative } from "../../scripts/build/native.ts";
import { Peer } from "../peer.ts";
import { ratio } from "./ratios.ts";

const rounds = 25;
const shapes = [
  [1024, 1024, 1024],
  [1370, 384, 1536],
  [1370, 1024, 4096],
  [577, 1024, 3072],
] as const;

/** Our half: a process of its own as well. */
async function answer(): Promise<void> {
  const { folder, library } = await buildNative();
  openLibrary(join(folder, library), { device: "cpu" });
  console.log("ready");
  for await (const line of console) {
    const [m, k, n] = line.split(" ").map(Number) as [number, number, number];
    console.log(
      scope(() => {
        const [a, b] = [random.normal([m, k], random.key(1)), random.normal([n, k], random.key(2))];
        evaluate(a, b);
        const start = performance.now();
        evaluate(linear(a, b));
        return performance.now() - start;
      }),
    );
  }
}

async function compare(): Promise<void> {
  const env = { EASEL_CPU_THREADS: "2", OMP_NUM_THREADS: "2" };
  using ours = new Peer([process.execPath, import.meta.path, "answer"], env);
  using theirs = new Peer([process.env.PYTHON ?? "python3", join(import.meta.dir, "matmul.py")], env);
  await Promise.all([ours.line(), theirs.line()]);
  for (const shape of shapes) {
    const question = shape.join(" ");
    const [mine, other]: [number[], number[]] = [[], []];
    for (let round = -3; round < rounds; round++) {
      const [x, y] = [Number(await ours.ask(question)), Number(await theirs.ask(question))];
      if (round < 0) continue;
      mine.push(x);
      other.push(y);
    }
    console.log(ratio(`matmul ${shape.join(" × ")}`, mine, other, "ms"));
  }
}

await (process.argv[2] === "answer" ? answer() : compare());
