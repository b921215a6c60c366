// Everything kernels.inc needs from outside. Included before the instruction set is raised, so that no inline function of the
// standard library is compiled for a processor that may not be there and then shared with the rest.
#pragma once
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <vector>

#include "constants.h"
#include "kernels.h"
#include "pool.h"
