// Which kernels of AMX's tiles the tables `amx` and `amx_float32` take. Entries without one are AVX-512's.
#if defined(__linux__) && defined(__x86_64__)
#include <algorithm>

#include "tables.h"

// The rule of `amx`: three products of bfloat16 for one of float32 where networks stay within 1e-4. docs/bench/terms.md has the
// measurements, and bench/terms compiles other rules.
#ifndef AMX_ENDED
#define AMX_PLAIN amx_six
#define AMX_ENDED amx_three
#define AMX_CONVOLUTIONS amx_three
#define AMX_ATTENTION amx_six
#endif

namespace easel::cpu {

namespace {

/// The sides of attention's scores come out of plain products: a softmax raises their errors to a power, so they have float32's accuracy. What
/// an activation or a residual follows takes three.
bool ended(const Epilogue& f) { return f.activation != Activation::none || f.residual != nullptr; }

long product_memory(long m, long n, long k) {
  return std::max(AMX_ENDED::table.product_memory(m, n, k), AMX_PLAIN::table.product_memory(m, n, k));
}

void product(const float* x, long ldx, const float* packed, const Epilogue& epilogue, long m, long n, long k, float* memory, float* out,
             long ldo) {
  const auto& by = ended(epilogue) ? AMX_ENDED::table : AMX_PLAIN::table;
  by.product(x, ldx, packed, epilogue, m, n, k, memory, out, ldo);
}

Kernels made(const char* name, const TileKernels& products, const TileKernels& convolutions, const TileKernels& attention) {
  Kernels own = avx512::table;
  own.name = name;
  own.packed_size = products.packed_size;
  own.pack = products.pack;
  own.product_memory = products.product_memory;
  own.product = products.product;
  own.winograd_size = convolutions.winograd_size;
  own.winograd_weight = convolutions.winograd_weight;
  own.winograd = convolutions.winograd;
  own.attention_size = attention.attention_size;
  own.attention = attention.attention;
  return own;
}

}  // namespace

// Filled at load time on every processor, so by baseline instructions.
const Kernels amx::table = [] {
  Kernels own = made("amx", amx_six::table, AMX_CONVOLUTIONS::table, AMX_ATTENTION::table);
  own.product_memory = product_memory;
  own.product = product;
  return own;
}();
const Kernels amx_float32::table = made("amx_float32", amx_six::table, amx_six::table, amx_six::table);

}  // namespace easel::cpu
#endif
