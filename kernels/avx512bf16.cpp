// Products of bfloat16 by AVX512_BF16.
#if defined(__linux__) && defined(__x86_64__)
#include "includes.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma,prefer-vector-width=512")
#pragma GCC diagnostic ignored "-Wunused-function"  // the products of float32 are avx512.cpp's
#define LANES 16
#define VECTORS 2
#define ROWS 12
#define INLINE inline __attribute__((always_inline))
#define INLINE_LAMBDA __attribute__((always_inline))
#define BFLOAT16_DOT(sum, left, right) (Vector) _mm512_dpbf16_ps((__m512)(sum), (__m512bh)(left), (__m512bh)(right))

namespace easel::cpu::avx512bf16 {

namespace {

#include "vector.inc"
#include "epilogue.inc"
#include "pairs.inc"
#include "product.inc"
#include "half.inc"
#include "bfloat16.inc"

}  // namespace

extern const Bfloat16 table;
const Bfloat16 table = {"avx512_bf16", bfloat16_size, pack_bfloat16, bfloat16_product};

}  // namespace easel::cpu::avx512bf16
#pragma GCC pop_options
#endif
