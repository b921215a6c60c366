// Counts how often a kernel ran, and how often its operation fell to MLX instead.
#ifdef __linux__

#include <array>
#include <atomic>
#include <cstring>
#include <iterator>
#include <stdexcept>
#include <string>

#include "kernels/pool.h"
#include "ops.h"

namespace easel::cpu {

namespace {

constexpr const char* names[] = {"conv2d", "deconv2d",   "sdpa",     "softmax",    "gelu",     "gelu_tanh",        "silu", "gated", "pack",
                                 "linear", "layer_norm", "rms_norm", "group_norm", "resample", "quantized_linear", "blas"};
constexpr int op_count = static_cast<int>(Op::count);
static_assert(std::size(names) == op_count);
std::array<std::array<std::atomic<int64_t>, 2>, op_count> tallies{};

}  // namespace

const char* name_of(Op op) { return names[static_cast<int>(op)]; }
void tally(Op op, bool covered) { tallies[static_cast<int>(op)][covered].fetch_add(1, std::memory_order_relaxed); }

int64_t calls(const char* op, bool covered) {
  for (int i = 0; i < op_count; i++) {
    if (op && !std::strcmp(op, names[i])) return tallies[i][covered];
  }
  throw std::invalid_argument("[kernel_calls] no such op is counted");
}

int64_t recorded(const char* label, int kind) {
  const auto one = predicted(label);
  switch (kind) {
    case 0:
      return one.calls;
    case 1:
      return one.items;
    case 2:
      return static_cast<int64_t>(one.work * 1e9);
    case 3:
      return static_cast<int64_t>(one.span * 1e9);
    default:
      throw std::invalid_argument("[recorded] there is no counter " + std::to_string(kind));
  }
}

}  // namespace easel::cpu

#endif
