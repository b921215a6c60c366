// Products of bfloat16 by AVX512_BF16.
#if defined(__linux__) && defined(__x86_64__)
#include "includes.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma,prefer-vector-width=512")
#define NAME avx512bf16
#define TITLE "avx512_bf16"
#define LANES 16
#define VECTORS 2
#define ROWS 12
#define BFLOAT16_DOT(sum, left, right) (Vector) _mm512_dpbf16_ps((__m512)(sum), (__m512bh)(left), (__m512bh)(right))
#include "bfloat16s.inc"
#pragma GCC pop_options
#endif
