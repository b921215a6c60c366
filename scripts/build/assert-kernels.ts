// Fails when MLX does not call the matrix product of mlx-shim/linux/blas.cpp, or when that is wrong. Speed is measured by bench/kernels.
import { blasCalls, evaluate, full, matmul, openLibrary, scope } from "../../ffi/index.ts";

const size = 256;
const isLinux = process.platform === "linux";
openLibrary(process.argv[2]!);
const before = isLinux ? blasCalls() : 0;
const product = scope(() => {
  const y = matmul(full([size, size], 2), full([size, size], 0.5));
  evaluate(y);
  return y;
});
if (product.read("float32").some((sum) => sum !== size)) throw new Error("a matrix product is wrong");
if (isLinux && blasCalls() === before) throw new Error("MLX's matrix products do not go through the shim");
console.log(isLinux ? "MLX's matrix products go through the shim" : "matrix products are right");
