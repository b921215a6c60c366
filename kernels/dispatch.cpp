#ifdef __linux__
#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels.h"

namespace easel::cpu {

namespace base {
extern const Kernels table;
}
#if defined(__x86_64__)
namespace avx2 {
extern const Kernels table;
}
namespace avx512 {
extern const Kernels table;
}
namespace amx {
extern const Kernels table;
}
#endif

namespace {

#if defined(__x86_64__)
/// True if the processor has AMX tiles and Linux grants them: a process must request them.
bool tiles_allowed() {
  constexpr long request = 0x1023, tile_data = 18;
  const bool there = __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") && __builtin_cpu_supports("avx512bf16");
  return there && syscall(SYS_arch_prctl, request, tile_data) == 0;
}
#endif

/// Best first.
const std::vector<const Kernels*>& available() {
  static const auto* list = [] {
    auto* found = new std::vector<const Kernels*>;
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512bw");
    const bool fma = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (wide && fma && tiles_allowed()) found->push_back(&amx::table);
    if (wide && fma) found->push_back(&avx512::table);
    if (fma) found->push_back(&avx2::table);
#endif
    found->push_back(&base::table);
    return found;
  }();
  return *list;
}

std::atomic<const Kernels*> selected{nullptr};

}  // namespace

void dispatch(const std::string& wanted) {
  if (wanted == "off") return selected.store(nullptr);
  if (wanted.empty()) return selected.store(available().front());
  std::string names = "off";
  for (const auto* kernels : available()) {
    if (wanted == kernels->name) return selected.store(kernels);
    names += std::string(", ") + kernels->name;
  }
  const bool known = wanted == "avx2" || wanted == "avx512" || wanted == "amx";
  throw std::invalid_argument(known ? "[kernels] this processor or operating system does not support " + wanted + "; available: " + names
                                    : "[kernels] EASEL_CPU_KERNELS must be one of " + names);
}

const Kernels* kernels_at(int number) {
  const auto& list = available();
  return number >= 0 && number < static_cast<int>(list.size()) ? list[number] : nullptr;
}

const Kernels* kernels() { return selected.load(std::memory_order_relaxed); }

const Kernels& any_kernels() {
  const auto* one = kernels();
  return one ? *one : *available().front();
}

}  // namespace easel::cpu
#endif
