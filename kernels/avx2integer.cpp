// Products of few bits by AVX2, which multiplies bytes by two and two, and numbers of 16 bits.
#if defined(__linux__) && defined(__x86_64__)
#include "includes.h"

#pragma GCC push_options
#pragma GCC target("avx2,fma")
#define NAME avx2integer
#define TITLE "avx2"
#define LANES 8
#define VECTORS 2
#define ROWS 6
#define INTEGER_WIDENED
#include "integers.inc"
#pragma GCC pop_options
#endif
