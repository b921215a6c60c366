/**
 * Our half: reads "op numbers" a line, runs that op once, answers with milliseconds and whose it was. First it tells which kernels
 * there are; `EASEL_CPU_KERNELS=off` makes it MLX's half.
 *
 * @module
 */
import { join } from "node:path";
import { evaluate, kernelCalls, kernels, openLibrary, scope } from "../../ffi/index.ts";
import { library, nativeFolder } from "../../ffi/native.ts";
import { lost, type Made, make } from "./cases.ts";

openLibrary(join(await nativeFolder({ usual: "" }), library), { device: "cpu" });
console.log(kernels());

const total = () => {
  const all = Object.values(kernelCalls());
  const sum = (which: "covered" | "fallback") => all.reduce((count, calls) => count + calls[which], 0);
  return { covered: sum("covered"), fallback: sum("fallback") };
};

let last = "";
let made: Made | undefined;
for await (const line of console) {
  const [op, ...rest] = line.split(" ") as [string, ...string[]];
  const numbers = rest.map(Number);
  if (op === "lost") {
    console.log(lost(...(numbers as [number, number, number])));
    continue;
  }
  if (line !== last) {
    for (const input of made?.inputs ?? []) input[Symbol.dispose]();
    made = make(op, numbers);
    last = line;
  }
  const { run } = made!;
  const before = total();
  const time = scope(() => {
    const start = performance.now();
    evaluate(run());
    return performance.now() - start;
  });
  const after = total();
  const ours = after.covered > before.covered && after.fallback === before.fallback;
  console.log(`${time} ${ours ? "kernel" : "MLX"}`);
}
