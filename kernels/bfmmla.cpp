// Products of bfloat16 by Arm's BFMMLA: two rows by two columns, four numbers along k.
#if defined(__linux__) && defined(__aarch64__)
#include <arm_neon.h>

#include "includes.h"

#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+bf16")
#define LANES 4
#define VECTORS 2
#define INLINE inline __attribute__((always_inline))
#define INLINE_LAMBDA __attribute__((always_inline))

namespace easel::cpu::bfmmla {

namespace {

#include "vector.inc"
#include "epilogue.inc"
#include "half.inc"
#include "bfmmla.inc"

}  // namespace

extern const Bfloat16 table;
const Bfloat16 table = {"bfmmla", bfloat16_size, pack_bfloat16, bfloat16_product};

}  // namespace easel::cpu::bfmmla
#pragma GCC pop_options
#endif
