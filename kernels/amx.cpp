// Which kernels of AMX's tiles the tables take, and products of bfloat16 on the tiles.
#if defined(__linux__) && defined(__x86_64__)
#include "includes.h"

#include "amx.h"

#pragma GCC push_options
#pragma GCC target("amx-tile,amx-bf16,avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma,prefer-vector-width=512")
#define LANES 16
#define VECTORS 2
#define INLINE inline __attribute__((always_inline))
#define INLINE_LAMBDA __attribute__((always_inline))

namespace easel::cpu::amx {

namespace {

#include "vector.inc"
#include "epilogue.inc"
#include "amx_configuration.inc"
#include "half.inc"
#include "amx_bfloat16.inc"

}  // namespace

}  // namespace easel::cpu::amx
#pragma GCC pop_options

// The rule of the table `amx`: three products where networks stay within 1e-4 of float32. docs/bench/terms.md has the measurements, and
// bench/terms compiles other rules.
#ifndef AMX_PRODUCTS
#define AMX_PRODUCTS amx_three
#define AMX_CONVOLUTIONS amx_three
#define AMX_ATTENTION amx_six
#endif

namespace easel::cpu {

namespace avx512 {
extern const Kernels table;
}
namespace amx_three {
extern const TileKernels table;
}
namespace amx_six {
extern const TileKernels table;
}

namespace amx {

namespace {

/// Entries without an AMX version fall back to AVX-512. Filled at load time on every processor, so by baseline instructions.
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

extern const Kernels table, exact;
const Kernels table = made("amx", AMX_PRODUCTS::table, AMX_CONVOLUTIONS::table, AMX_ATTENTION::table);
const Kernels exact = made("amx_float32", amx_six::table, amx_six::table, amx_six::table);

extern const Bfloat16 bfloat16_table;
const Bfloat16 bfloat16_table = {"amx_bf16", bfloat16_size, pack_bfloat16, bfloat16_product};

}  // namespace amx

}  // namespace easel::cpu
#endif
