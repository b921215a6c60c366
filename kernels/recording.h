// Calls of the pool, timed item by item, and what they would take on more threads.
#pragma once
#include "pool.h"

namespace easel::cpu {

/// Threads that the recording asks for; 0 when none runs.
int recorded_threads();
/// Runs the items one after the other, and takes their times.
void record_run(long count, Work work, const void* context);

}  // namespace easel::cpu
