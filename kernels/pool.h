// The one thread pool of the kernels. The caller works too; idle workers spin for a moment, then sleep.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace easel::cpu {

using Work = void (*)(const void* context, long item);

/// Number of threads that work is shared out for: EASEL_CPU_THREADS, or one for each physical core that this process may use.
int threads();

/// Nodes of memory that the threads are on.
int nodes();

/// Calls work for every item below count, in any order, and returns when all are done. Concurrent callers take turns. A nested call runs
/// on the calling thread alone.
void run(long count, Work work, const void* context);

template <class F>
void parallel(long count, const F& body) {
  run(count, [](const void* context, long item) { (*static_cast<const F*>(context))(item); }, &body);
}

/// Per-thread memory, kept between calls, aligned for every instruction set.
float* scratch(size_t floats);

/// No processor that the kernels run on has longer lines, or fetches more than two of 64 bytes at once.
constexpr size_t cache_line = 128;

/// The items of a call, shared out in runs of neighbours: what a thread fills in one call, the same thread of the same node reads in the next. A
/// thread that has none left takes the last one of another, of its own node first.
class Shares {
 public:
  /// So many threads, in order, whose nodes are given.
  explicit Shares(const std::vector<int>& node_of);
  /// Shares out to the first `taking` of the threads, before they start.
  void deal(long count, int taking);
  /// The next item of a thread, or -1.
  long take(int thread);

 private:
  /// First and last + 1 of the items that are left, 32 bits each.
  struct alignas(cache_line) Run {
    std::atomic<uint64_t> left{0};
  };
  std::unique_ptr<Run[]> runs;
  /// In which order each thread looks for items of others.
  std::vector<std::vector<int>> others;
  int taking = 0;
};

/// What calls would take on more threads than there are. While a recording runs, threads() is what it asks for, and items run on the calling
/// thread alone, each with its time. Then the items of each call are dealt to threads that take their time, by Shares.
struct Prediction {
  long calls = 0, items = 0;
  /// Seconds of all items, and of the thread that is the last to end, call by call.
  double work = 0, span = 0;
};
/// Starts a recording for so many threads on so many nodes; 0 threads end it.
void record(int threads, int nodes);
/// Of the calls under a label; null: of all.
Prediction predicted(const char* label);

/// Names the calls of this thread for a recording, for its lifetime.
class Label {
 public:
  explicit Label(const char* name);
  ~Label();
  Label(const Label&) = delete;
  Label& operator=(const Label&) = delete;

 private:
  const char* before;
};

}  // namespace easel::cpu
