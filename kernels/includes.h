// Headers for kernels.inc, included before the instruction set is raised. Otherwise the linker might share an inline function of the
// standard library that needs a newer processor.
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
#include "split.h"
#include "tables.h"
