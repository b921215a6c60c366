// Products of few bits by AVX512_VNNI. Six rows: their sums of integers and those of float32 stay in registers together.
#if defined(__linux__) && defined(__x86_64__)
#include "includes.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx512vnni,avx2,fma,prefer-vector-width=512")
#define NAME avx512vnni
#define TITLE "avx512_vnni"
#define LANES 16
#define VECTORS 2
#define ROWS 6
#define INTEGER_DOT(sum, bytes, signed_bytes) (Integers) _mm512_dpbusd_epi32((__m512i)(sum), (__m512i)(bytes), (__m512i)(signed_bytes))
#include "integers.inc"
#pragma GCC pop_options
#endif
