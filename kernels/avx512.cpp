#if defined(__linux__) && defined(__x86_64__)
#include "includes.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,prefer-vector-width=512")
#define NAME avx512
#define LANES 16
#define VECTORS 2
#define ROWS 12
#include "kernels.inc"
#pragma GCC pop_options
#endif
