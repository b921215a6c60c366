#ifdef __linux__
#include "recording.h"

#include <time.h>

#include <atomic>
#include <cstring>
#include <map>
#include <mutex>
#include <numeric>
#include <string>

namespace easel::cpu {

namespace {

std::atomic<int> planned{0};
std::mutex mutex;
std::unique_ptr<Shares> shares;
std::map<std::string, Prediction> all;
thread_local const char* label = "other";

/// Of this thread, so that other processes do not count.
double now() {
  timespec time;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// The thread whose clock is the earliest takes the next item, until there are none.
void add(const std::vector<double>& seconds, Prediction& to) {
  const int size = planned, taking = static_cast<int>(std::min<size_t>(seconds.size(), size));
  shares->deal(static_cast<long>(seconds.size()), taking);
  std::vector<double> clocks(taking);
  std::vector<int> working(taking);
  std::iota(working.begin(), working.end(), 0);
  while (!working.empty()) {
    const auto next = std::min_element(working.begin(), working.end(), [&](int a, int b) { return clocks[a] < clocks[b]; });
    const long item = shares->take(*next);
    if (item < 0) working.erase(next);
    else clocks[*next] += seconds[item];
  }
  const double last = *std::max_element(clocks.begin(), clocks.end());
  to.calls++;
  to.items += static_cast<long>(seconds.size());
  to.work += std::accumulate(seconds.begin(), seconds.end(), 0.0);
  to.span += last;
}

}  // namespace

int recorded_threads() { return planned.load(std::memory_order_relaxed); }

void record_run(long count, Work work, const void* context) {
  std::vector<double> seconds(count);
  for (long item = 0; item < count; item++) {
    const double from = now();
    work(context, item);
    seconds[item] = now() - from;
  }
  std::lock_guard lock(mutex);
  if (planned > 0) add(seconds, all[label]);
}

void record(int threads, int nodes) {
  std::lock_guard lock(mutex);
  if (threads > 0) {
    std::vector<int> node_of;
    for (int i = 0; i < threads; i++) node_of.push_back(i * std::max(1, nodes) / threads);
    shares = std::make_unique<Shares>(node_of);
    all.clear();
  }
  planned = threads;
}

Prediction predicted(const char* name) {
  std::lock_guard lock(mutex);
  Prediction sum;
  for (const auto& [key, one] : all) {
    if (name && key != name) continue;
    sum.calls += one.calls, sum.items += one.items, sum.work += one.work, sum.span += one.span;
  }
  return sum;
}

Label::Label(const char* name) : before(label) { label = name; }
Label::~Label() { label = before; }

}  // namespace easel::cpu
#endif
