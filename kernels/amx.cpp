#if defined(__linux__) && defined(__x86_64__)
#include <immintrin.h>

#include "includes.h"

#pragma GCC push_options
#pragma GCC target("amx-tile,amx-bf16,avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma,prefer-vector-width=512")
#define LANES 16
#define VECTORS 2
#define INLINE inline __attribute__((always_inline))
#define INLINE_LAMBDA __attribute__((always_inline))

namespace easel::cpu {

namespace avx512 {
extern const Kernels table;
}

namespace amx {

namespace {

#include "vector.inc"
#include "epilogue.inc"
#include "amx_configuration.inc"
#include "amx_tiles.inc"
#include "amx_product.inc"
#include "winograd.inc"
#include "amx_winograd.inc"
#include "mask.inc"
#include "amx_attention.inc"
#include "half.inc"
#include "amx_bfloat16.inc"

}  // namespace

}  // namespace amx

}  // namespace easel::cpu
#pragma GCC pop_options

namespace easel::cpu::amx {

/// Entries without an AMX version fall back to AVX-512. Filled at load time on every processor, so by baseline instructions.
extern const Kernels table;
const Kernels table = [] {
  Kernels own = avx512::table;
  own.name = "amx";
  own.packed_size = packed_size;
  own.pack = pack;
  own.product_memory = product_memory;
  own.product = product;
  own.winograd_size = winograd_size;
  own.winograd_weight = winograd_weight;
  own.winograd = winograd;
  own.attention_size = attention_size;
  own.attention = attention;
  return own;
}();

extern const Bfloat16 bfloat16_table;
const Bfloat16 bfloat16_table = {"amx_bf16", bfloat16_size, pack_bfloat16, bfloat16_product};

}  // namespace easel::cpu::amx
#endif
