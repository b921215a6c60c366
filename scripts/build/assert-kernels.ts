// Fails when MLX does not find the matrix product of mlx-shim/linux/blas.cpp, or when that is slow or wrong.
import { evaluate, full, matmul, openLibrary, scope } from "../../ffi/index.ts";

const floor = 15;
const size = 1024;
openLibrary(process.argv[2]!);
const [a, b] = [full([size, size], 2), full([size, size], 0.5)];
evaluate(a, b);
let best = 0;
for (let round = 0; round < 5; round++) {
  const started = performance.now();
  const product = scope(() => {
    const y = matmul(a, b);
    evaluate(y);
    return y;
  });
  best = Math.max(best, (2 * size ** 3) / ((performance.now() - started) * 1e6));
  if (product.read("float32").some((sum) => sum !== size)) throw new Error("a matrix product is wrong");
}
if (process.platform === "linux" && best < floor)
  throw new Error(`matrix products run at ${best.toFixed(1)} GFLOP/s, and at least ${floor} are expected`);
console.log(`${best.toFixed(0)} GFLOP/s`);
