#ifdef __linux__
#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "cpu/kernels.h"

namespace easel::cpu {

namespace base { extern const Kernels table; }
#if defined(__x86_64__)
namespace avx2 { extern const Kernels table; }
namespace avx512 { extern const Kernels table; }
#endif

namespace {

/// Best first.
const std::vector<const Kernels*>& available() {
  static const auto* list = [] {
    auto* found = new std::vector<const Kernels*>;
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (wide && fma) found->push_back(&avx512::table);
    if (fma) found->push_back(&avx2::table);
#endif
    found->push_back(&base::table);
    return found;
  }();
  return *list;
}

std::atomic<const Kernels*> chosen{nullptr};

}  // namespace

void choose(const std::string& wanted) {
  if (wanted == "off") return chosen.store(nullptr);
  if (wanted.empty()) return chosen.store(available().front());
  std::string names = "off";
  for (const auto* kernels : available()) {
    if (wanted == kernels->name) return chosen.store(kernels);
    names += std::string(", ") + kernels->name;
  }
  const bool known = wanted == "avx2" || wanted == "avx512";
  throw std::invalid_argument(known ? "[kernels] this processor does not have " + wanted + "; there are " + names : "[kernels] EASEL_CPU_KERNELS is none of " + names);
}

const Kernels* kernels() { return chosen.load(std::memory_order_relaxed); }

const Kernels& any_kernels() {
  const auto* one = kernels();
  return one ? *one : *available().front();
}

}  // namespace easel::cpu
#endif
