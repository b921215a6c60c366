// The one thread pool of the kernels. The caller works too; idle workers spin for a moment, then sleep.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <type_traits>

namespace easel::cpu {

using Work = void (*)(const void* context, long item);

/// How many threads there are: EASEL_CPU_THREADS, or as many as this process may use.
int threads();

/// Calls work for every item below count, in any order, and returns when all are done. Two callers take turns. Inside of work, the
/// calling thread does all of it.
void run(long count, Work work, const void* context);

template <class F>
void parallel(long count, const F& body) {
  run(count, [](const void* context, long item) { (*static_cast<const F*>(context))(item); }, &body);
}

/// Memory that each thread keeps between calls, aligned for every instruction set.
float* scratch(size_t floats);

}  // namespace easel::cpu
