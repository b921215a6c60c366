// Products of bfloat16 by Arm's BFMMLA: two rows by two columns, four numbers along k.
#if defined(__linux__) && defined(__aarch64__)
#include <arm_neon.h>

#include "includes.h"

#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+bf16")
#define NAME bfmmla
#define TITLE "bfmmla"
#define LANES 4
#define VECTORS 2
#include "bfloat16s.inc"
#pragma GCC pop_options
#endif
