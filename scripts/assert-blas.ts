// Fails when matrix products run at the speed of the reference BLAS (3 to 4 GFLOP/s; OpenBLAS gives 150 on two cores).
import { evaluate, matmul, openLibrary, scope, zeros } from "../ffi/index.ts";

const floor = 15;
const size = 1024;
openLibrary(process.argv[2]!);
const a = zeros([size, size], "float32").add(1);
evaluate(a);
let best = 0;
for (let round = 0; round < 5; round++) {
  const started = performance.now();
  scope(() => evaluate(matmul(a, a)));
  best = Math.max(best, (2 * size ** 3) / ((performance.now() - started) * 1e6));
}
if (process.platform === "linux" && best < floor) {
  console.error(
    `matrix products run at ${best.toFixed(1)} GFLOP/s: MLX's reference BLAS answers, not OpenBLAS (at least ${floor})`,
  );
  process.exit(1);
}
console.log(`${best.toFixed(0)} GFLOP/s`);
