#ifdef __linux__
#include "pool.h"

#include <sched.h>

#include <condition_variable>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <thread>

namespace easel::cpu {

namespace {

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

int wanted_threads() {
  const char* setting = std::getenv("EASEL_CPU_THREADS");
  if (const int n = setting ? std::atoi(setting) : 0; n > 0) return std::min(n, 1024);
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

/// True while this thread works on an item.
thread_local bool working = false;
struct Inside {
  Inside() { working = true; }
  ~Inside() { working = false; }
};

struct Job {
  Work work;
  const void* context;
  long count;
  std::atomic<long> next{0};
  int active = 0;
  void take() {
    const Inside inside;
    for (long item; (item = next.fetch_add(1, std::memory_order_relaxed)) < count;) work(context, item);
  }
};

class Pool {
 public:
  const int size = wanted_threads();

  Pool() {
    for (int i = 1; i < size; i++) std::thread([this] { serve(); }).detach();
  }

  void run(long count, Work work, const void* context) {
    std::lock_guard turn(one);
    Job job{work, context, count};
    const bool shared = count > 1 && size > 1;
    if (shared) {
      {
        std::lock_guard lock(mutex);
        current = &job;
        generation.fetch_add(1, std::memory_order_release);
      }
      wake.notify_all();
    }
    job.take();
    if (shared) {
      std::unique_lock lock(mutex);
      current = nullptr;
      done.wait(lock, [&] { return job.active == 0; });
    }
  }

 private:
  std::mutex one, mutex;
  std::condition_variable wake, done;
  Job* current = nullptr;
  std::atomic<unsigned> generation{0};

  void serve() {
    for (unsigned seen = 0;;) {
      for (int spin = 0; spin < 2000 && generation.load(std::memory_order_acquire) == seen; spin++) pause();
      std::unique_lock lock(mutex);
      wake.wait(lock, [&] { return generation.load(std::memory_order_relaxed) != seen; });
      seen = generation.load(std::memory_order_relaxed);
      Job* job = current;
      if (!job) continue;
      job->active++;
      lock.unlock();
      job->take();
      lock.lock();
      if (--job->active == 0) done.notify_one();
    }
  }
};

// Never destroyed: its threads may sleep when the process ends.
Pool& pool() {
  static Pool* only = new Pool;
  return *only;
}

}  // namespace

int threads() { return pool().size; }

void run(long count, Work work, const void* context) {
  if (working) {
    for (long item = 0; item < count; item++) work(context, item);
    return;
  }
  if (count > 0) pool().run(count, work, context);
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
