#ifdef __linux__
#if defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "tables.h"

namespace easel::cpu {

namespace {

#if defined(__x86_64__)
/// True if the processor has AMX tiles and Linux grants them: a process must request them. Programs that measure or test may be compiled
/// with the instructions written out (tools/kernels/tiles.h).
bool tiles_allowed() {
#if defined(TILES_WRITTEN_OUT)
  return __builtin_cpu_supports("avx512bf16");
#else
  constexpr long request = 0x1023, tile_data = 18;
  const bool there = __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") && __builtin_cpu_supports("avx512bf16");
  return there && syscall(SYS_arch_prctl, request, tile_data) == 0;
#endif
}
bool tiles_of_bytes() {
#if defined(TILES_WRITTEN_OUT)
  return true;
#else
  return __builtin_cpu_supports("amx-int8");
#endif
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
    if (wide && fma && tiles_allowed()) found->insert(found->end(), {&amx::table, &amx_float32::table});
    if (wide && fma) found->push_back(&avx512::table);
    if (fma) found->push_back(&avx2::table);
#endif
    found->push_back(&base::table);
    return found;
  }();
  return *list;
}

#if defined(__x86_64__)
bool has_tiles(const Kernels* kernels) { return kernels == &amx::table || kernels == &amx_float32::table; }
#endif

/// The products of bfloat16 by an instruction of this processor that belongs to a table, or null.
const Bfloat16* built_in(const Kernels* kernels) {
#if defined(__x86_64__)
  if (has_tiles(kernels)) return &amx_bfloat16::table;
  if (kernels == &avx512::table && __builtin_cpu_supports("avx512bf16")) return &avx512bf16::table;
#elif defined(__aarch64__)
  constexpr unsigned long bfloat16 = 1 << 14;  // HWCAP2_BF16
  if (kernels == &base::table && (getauxval(AT_HWCAP2) & bfloat16)) return &bfmmla::table;
#endif
  return nullptr;
}

/// Those built in first, then those of each table.
const std::vector<const Bfloat16*>& bfloat16_available() {
  static const auto* list = [] {
    auto* found = new std::vector<const Bfloat16*>;
    for (const auto* kernels : available())
      if (const auto* own = built_in(kernels)) found->push_back(own);
    for (const auto* kernels : available()) found->push_back(kernels->bfloat16);
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
  const bool known = wanted == "avx2" || wanted == "avx512" || wanted == "amx" || wanted == "amx_float32";
  throw std::invalid_argument(known ? "[kernels] this processor or operating system does not support " + wanted + "; available: " + names
                                    : "[kernels] EASEL_CPU_KERNELS must be one of " + names);
}

const Kernels* kernels_at(int number) {
  const auto& list = available();
  return number >= 0 && number < static_cast<int>(list.size()) ? list[number] : nullptr;
}

const Kernels* kernels() { return selected.load(std::memory_order_relaxed); }

const Bfloat16* bfloat16_at(int number) {
  const auto& list = bfloat16_available();
  return number >= 0 && number < static_cast<int>(list.size()) ? list[number] : nullptr;
}

int bfloat16_number(bool by_float32) {
  const auto* one = kernels();
  if (!one) return -1;
  const auto* own = by_float32 ? nullptr : built_in(one);
  const auto& list = bfloat16_available();
  return static_cast<int>(std::find(list.begin(), list.end(), own ? own : one->bfloat16) - list.begin());
}

bool bfloat16_built_in() {
  const auto* one = kernels();
  return one && built_in(one);
}

const Integer* integer_products() {
  const auto* one = kernels();
#if defined(__x86_64__)
  if (one == nullptr || one == &base::table) return nullptr;
  if (has_tiles(one) && tiles_of_bytes()) return &amx_integer::table;
  if (one != &avx2::table && __builtin_cpu_supports("avx512vnni")) return &avx512vnni::table;
  return __builtin_cpu_supports("avxvnni") ? &avxvnni::table : &avx2integer::table;
#elif defined(__aarch64__)
  constexpr unsigned long dot_products = 1 << 20, blocks = 1 << 13;  // HWCAP_ASIMDDP, HWCAP2_I8MM
  if (one && (getauxval(AT_HWCAP2) & blocks)) return &i8mm::table;
  return one && (getauxval(AT_HWCAP) & dot_products) ? &dotprod::table : nullptr;
#else
  return nullptr;
#endif
}

const Kernels& any_kernels() {
  const auto* one = kernels();
  return one ? *one : *available().front();
}

}  // namespace easel::cpu
#endif
