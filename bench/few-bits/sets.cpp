// Products of few bits by each instruction for integers that this processor has, in turns. Prints a line for each turn: the instruction,
// and the processor seconds of all threads, packing of the weight included.
//
//   ./a.out ROWS DEPTH COLUMNS BITS ROUNDS
#include <ctime>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/pool.h"

namespace easel::cpu {

namespace avx2integer {
extern const Integer table;
}
namespace avxvnni {
extern const Integer table;
}
namespace avx512vnni {
extern const Integer table;
}

}  // namespace easel::cpu

namespace {

using namespace easel::cpu;

double processor() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

int main(int, char** argv) {
  const long m = std::atol(argv[1]), k = std::atol(argv[2]), n = std::atol(argv[3]);
  const int bits = std::atoi(argv[4]), rounds = std::atoi(argv[5]), group = 64;
  std::vector<float> x(m * k), scales(n * k / group, 0.01f), biases(n * k / group, -0.04f), out(m * n);
  std::vector<uint8_t> stream(n * k * bits / 8);
  for (size_t i = 0; i < x.size(); i++) x[i] = static_cast<float>(i % 255) - 127;
  for (size_t i = 0; i < stream.size(); i++) stream[i] = static_cast<uint8_t>(i * 89);
  const Quantized w{stream.data(), scales.data(), biases.data(), n, k, bits, group};

  __builtin_cpu_init();
  std::vector<const Integer*> tables{&avx2integer::table};
  if (__builtin_cpu_supports("avxvnni")) tables.push_back(&avxvnni::table);
  if (__builtin_cpu_supports("avx512vnni")) tables.push_back(&avx512vnni::table);
  constexpr long run = 64;
  for (int round = 0; round <= rounds; round++) {
    for (const auto* table : tables) {
      std::vector<uint32_t> packed(table->packed_size(n, k, group));
      const double begun = processor();
      parallel((n + run - 1) / run, [&](long item) {
        const long first = item * run;
        table->pack(w, first, std::min(run, n - first), packed.data() + table->packed_size(first, k, group));
      });
      table->product(x.data(), packed.data(), bits, group, {}, m, n, k, out.data(), n);
      if (round > 0) std::printf("%s %.6f\n", table->name, processor() - begun);
    }
  }
}
