// Products of few bits by Arm's USMMLA: two rows by two columns, eight numbers along k.
#if defined(__linux__) && defined(__aarch64__)
#include <arm_neon.h>

#include "includes.h"

#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+i8mm")
#define NAME i8mm
#define TITLE "i8mm"
#define LANES 4
#define VECTORS 2
#define ROWS 8
#define INTEGER_PAIRS
#include "integers.inc"
#pragma GCC pop_options
#endif
