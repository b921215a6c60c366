// The one thread pool of the kernels. The caller works too; idle workers spin for a moment, then sleep.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <type_traits>

namespace easel::cpu {

using Work = void (*)(const void* context, long item);

/// Number of threads: EASEL_CPU_THREADS, or as many as this process may use.
int threads();

/// Calls work for every item below count, in any order, and returns when all are done. Concurrent callers take turns. A nested call runs
/// on the calling thread alone.
void run(long count, Work work, const void* context);

template <class F>
void parallel(long count, const F& body) {
  run(count, [](const void* context, long item) { (*static_cast<const F*>(context))(item); }, &body);
}

/// Per-thread memory, kept between calls, aligned for every instruction set.
float* scratch(size_t floats);

}  // namespace easel::cpu
