// The baseline instructions of the platform: SSE2 or NEON.
#if defined(__linux__)
#include "includes.h"

#define NAME base
#define LANES 4
#if defined(__aarch64__)
#define VECTORS 4
#else
#define VECTORS 2
#endif
#define ROWS 6
#include "kernels.inc"
#endif
