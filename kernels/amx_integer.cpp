// Products of few bits by AMX's tiles of bytes.
#if defined(__linux__) && defined(__x86_64__)
#include "includes.h"

#pragma GCC push_options
#pragma GCC target("amx-tile,amx-int8,avx512f,avx512vl,avx512dq,avx512bw,avx2,fma,prefer-vector-width=512")
#define NAME amx_integer
#define TITLE "amx_int8"
#define LANES 16
#define VECTORS 2
#define ROWS 16
#define INTEGER_TILES
#include "integers.inc"
#pragma GCC pop_options
#endif
