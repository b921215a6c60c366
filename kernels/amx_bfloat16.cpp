// Products of bfloat16 by AMX's tiles.
#if defined(__linux__) && defined(__x86_64__)
#include "includes.h"

#pragma GCC push_options
#pragma GCC target("amx-tile,amx-bf16,avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,avx2,fma,prefer-vector-width=512")
#define NAME amx_bfloat16
#define TITLE "amx_bf16"
#define LANES 16
#define VECTORS 2
#include "bfloat16s.inc"
#pragma GCC pop_options
#endif
