#ifdef __linux__
#include "pool.h"

#include <pthread.h>
#include <sched.h>

#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <thread>

#include "recording.h"
#include "topology.h"

namespace easel::cpu {

namespace {

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// More processors than cpu_set_t has room for are left to the system.
std::vector<int> affinity() {
  std::vector<int> list;
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0)
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
      if (CPU_ISSET(cpu, &set)) list.push_back(cpu);
  if (list.empty())
    for (int cpu = 0; cpu < static_cast<int>(std::thread::hardware_concurrency()); cpu++) list.push_back(cpu);
  return list;
}

int wanted_threads(const Topology& topology) {
  const char* setting = std::getenv("EASEL_CPU_THREADS");
  char* rest = nullptr;
  const long wanted = setting ? std::strtol(setting, &rest, 10) : 0;
  return wanted > 0 && *rest == 0 ? static_cast<int>(std::min(wanted, 1024L)) : usual_threads(topology);
}

bool pinned(const Topology& topology, int threads) {
  const char* setting = std::getenv("EASEL_CPU_PIN");
  if (setting && std::strcmp(setting, "on") == 0) return true;
  return !(setting && std::strcmp(setting, "off") == 0) && usually_pinned(topology, threads);
}

/// True while this thread works on an item.
thread_local bool working = false;
struct Inside {
  Inside() { working = true; }
  ~Inside() { working = false; }
};

class Pool {
 public:
  const Topology topology = read_topology("", affinity());
  const int size = wanted_threads(topology);

  Pool() : shares(node_of()), slots(new Slot[size]) {
    const bool pin = pinned(topology, size);
    for (int i = 1; i < size; i++) {
      std::thread thread([this, i] { serve(i); });
      if (pin && !topology.cores.empty()) {
        // Without success, the thread stays where the system puts it.
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(topology.cores[i % topology.cores.size()].cpu, &one);
        pthread_setaffinity_np(thread.native_handle(), sizeof one, &one);
      }
      thread.detach();
    }
  }

  void run(long count, Work work, const void* context) {
    std::lock_guard turn(one);
    taking = static_cast<int>(std::min<long>(count, size));
    job = {work, context};
    shares.deal(count, taking);
    for (int i = 1; i < taking; i++) slots[i].state.store(asked, std::memory_order_release);
    wake_below(0);
    take(0);
    // No worker begins from here on; those that have begun are waited for.
    for (int i = 1; i < taking; i++) {
      int expected = asked;
      if (!slots[i].state.compare_exchange_strong(expected, idle, std::memory_order_acquire)) await(slots[i].state, busy);
    }
  }

 private:
  enum : int { idle, asked, busy };
  struct alignas(cache_line) Slot {
    std::atomic<int> state{idle};
  };
  struct Job {
    Work work;
    const void* context;
  };

  std::mutex one;
  alignas(cache_line) Job job{};
  int taking = 0;
  alignas(cache_line) Shares shares;
  std::unique_ptr<Slot[]> slots;

  std::vector<int> node_of() const {
    std::vector<int> list;
    for (int i = 0; i < size; i++) list.push_back(topology.cores.empty() ? 0 : topology.cores[i % topology.cores.size()].node);
    return list;
  }

  void take(int thread) {
    const Inside inside;
    for (long item; (item = shares.take(thread)) >= 0;) job.work(job.context, item);
  }

  /// Sleeping workers wake each other like a tree: one thread would take long for all.
  void wake_below(int thread) {
    for (int i = 2 * thread + 1; i <= 2 * thread + 2 && i < taking; i++) slots[i].state.notify_one();
  }

  static void await(std::atomic<int>& state, int past) {
    for (int spin = 0; spin < 2000; spin++) {
      if (state.load(std::memory_order_acquire) != past) return;
      pause();
    }
    for (; state.load(std::memory_order_acquire) == past;) state.wait(past, std::memory_order_acquire);
  }

  void serve(int thread) {
    auto& state = slots[thread].state;
    for (;;) {
      await(state, idle);
      int expected = asked;
      // The caller may have done everything by itself.
      if (!state.compare_exchange_strong(expected, busy, std::memory_order_acquire)) continue;
      wake_below(thread);
      take(thread);
      state.store(idle, std::memory_order_release);
      state.notify_one();
    }
  }
};

// Never destroyed: its threads may sleep when the process ends.
Pool& pool() {
  static Pool* only = new Pool;
  return *only;
}

}  // namespace

Shares::Shares(const std::vector<int>& node_of) : runs(new Run[node_of.size()]), others(node_of.size()) {
  const int size = static_cast<int>(node_of.size());
  for (int thread = 0; thread < size; thread++)
    for (const bool own : {true, false})
      for (int i = 1; i < size; i++)
        if (const int other = (thread + i) % size; (node_of[other] == node_of[thread]) == own) others[thread].push_back(other);
}

void Shares::deal(long count, int threads) {
  taking = threads;
  for (int i = 0; i < taking; i++) {
    const uint64_t first = count * i / taking, end = count * (i + 1) / taking;
    runs[i].left.store(end << 32 | first, std::memory_order_relaxed);
  }
}

long Shares::take(int thread) {
  constexpr uint64_t low = 0xffffffffu;
  auto& own = runs[thread].left;
  for (uint64_t left = own.load(std::memory_order_relaxed); (left & low) < left >> 32;)
    if (own.compare_exchange_weak(left, left + 1, std::memory_order_relaxed)) return static_cast<long>(left & low);
  for (const int other : others[thread]) {
    if (other >= taking) continue;
    auto& theirs = runs[other].left;
    for (uint64_t left = theirs.load(std::memory_order_relaxed); (left & low) < left >> 32;)
      if (theirs.compare_exchange_weak(left, left - (uint64_t{1} << 32), std::memory_order_relaxed))
        return static_cast<long>((left >> 32) - 1);
  }
  return -1;
}

int threads() {
  const int planned = recorded_threads();
  return planned > 0 ? planned : pool().size;
}

int nodes() {
  const auto& p = pool();
  return p.size < static_cast<int>(p.topology.cores.size()) ? 1 : p.topology.nodes;
}

void run(long count, Work work, const void* context) {
  if (working) {
    for (long item = 0; item < count; item++) work(context, item);
    return;
  }
  if (count <= 0) return;
  if (recorded_threads() > 0) {
    const Inside inside;
    return record_run(count, work, context);
  }
  pool().run(count, work, context);
}

float* scratch(size_t floats) {
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  static thread_local std::unique_ptr<float, Free> memory;
  static thread_local size_t size = 0;
  if (size < floats) {
    memory.reset();
    size = 0;
    memory.reset(static_cast<float*>(std::aligned_alloc(64, (floats * sizeof(float) + 63) / 64 * 64)));
    if (!memory) throw std::bad_alloc();
    size = floats;
  }
  return memory.get();
}

}  // namespace easel::cpu
#endif
