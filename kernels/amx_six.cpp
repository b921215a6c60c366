// Six products of parts for each product of numbers: the accuracy of float32.
#if defined(__linux__) && defined(__x86_64__)
#include "includes.h"

#pragma GCC push_options
#pragma GCC target("amx-tile,amx-bf16,avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma,prefer-vector-width=512")
#define NAME amx_six
#define PARTS 3
#include "amx.inc"
#pragma GCC pop_options
#endif
