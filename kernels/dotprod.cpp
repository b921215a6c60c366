// Products of few bits by Arm's SDOT.
#if defined(__linux__) && defined(__aarch64__)
#include <arm_neon.h>

#include "includes.h"

#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+dotprod")
#define NAME dotprod
#define TITLE "dotprod"
#define LANES 4
#define VECTORS 4
#define ROWS 6
#define INTEGER_SIGNED
#define INTEGER_DOT(sum, left, right) (Integers) vdotq_s32((int32x4_t)(sum), (int8x16_t)(left), (int8x16_t)(right))
#include "integers.inc"
#pragma GCC pop_options
#endif
