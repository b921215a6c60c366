// Products of few bits by AVX-VNNI.
#if defined(__linux__) && defined(__x86_64__)
#include "includes.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma,avxvnni")
#define NAME avxvnni
#define TITLE "avx_vnni"
#define LANES 8
#define VECTORS 2
#define ROWS 6
#define INTEGER_DOT(sum, bytes, signed_bytes) (Integers) _mm256_dpbusd_avx_epi32((__m256i)(sum), (__m256i)(bytes), (__m256i)(signed_bytes))
#include "integers.inc"
#pragma GCC pop_options
#endif
