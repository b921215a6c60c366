// How many products, each with its addition, a processor makes in a second when nothing else limits it: a loop of the kernels' own
// instructions over registers, in so many threads at once. Prints a line for each instruction set that is here: its name and the rate.
//
//   g++ -O2 -std=c++20 -pthread -ffp-contract=fast peak.cpp && ./a.out THREADS
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#define RAISED(set) __attribute__((target(set)))
#else
#define RAISED(set)
#endif

namespace {

/// Twelve sums at once: enough to wait for none. Products and additions in turns, so that neither is left out.
#define FILL(NAME, LANES, SET)                                                                            \
  RAISED(SET) double NAME(long rounds) {                                                                  \
    typedef float Vector __attribute__((vector_size(LANES * 4)));                                         \
    Vector c[12], a = Vector{} + 0.999f, b = Vector{} + 0.001f;                                           \
    for (auto& one : c) one = b;                                                                          \
    for (long i = 0; i < rounds; i++) { _Pragma("GCC unroll 12") for (auto& one : c) one = one * a + b; } \
    for (auto& one : c) asm volatile("" ::"m"(one));                                                      \
    return 12.0 * LANES * static_cast<double>(rounds);                                                    \
  }

#if defined(__x86_64__)
FILL(base, 4, "sse2")
FILL(avx2, 8, "avx2,fma")
FILL(avx512, 16, "avx512f,prefer-vector-width=512")

/// The same with an instruction that adds the products of PER numbers to each lane.
#define DOTS(NAME, SUM, START, SIDE, ONES, STEP, PER, SET)                                                    \
  RAISED(SET) double NAME(long rounds) {                                                                      \
    SUM c[12];                                                                                                \
    SIDE a = ONES, b = ONES;                                                                                  \
    for (auto& one : c) one = START;                                                                          \
    asm volatile("" : "+v"(a), "+v"(b));                                                                      \
    for (long i = 0; i < rounds; i++) { _Pragma("GCC unroll 12") for (auto& one : c) one = STEP(one, a, b); } \
    for (auto& one : c) asm volatile("" ::"m"(one));                                                          \
    return 12.0 * (sizeof(SUM) / 4) * PER * static_cast<double>(rounds);                                      \
  }

DOTS(avx512_bf16, __m512, _mm512_setzero_ps(), __m512bh, (__m512bh)_mm512_set1_epi32(0x3f803f80), _mm512_dpbf16_ps, 2, "avx512f,avx512bf16")
DOTS(avx512_vnni, __m512i, _mm512_setzero_si512(), __m512i, _mm512_set1_epi8(1), _mm512_dpbusd_epi32, 4, "avx512f,avx512vnni")
DOTS(avx_vnni, __m256i, _mm256_setzero_si256(), __m256i, _mm256_set1_epi8(1), _mm256_dpbusd_avx_epi32, 4, "avx2,avxvnni")

/// A product of float32 is six of bfloat16.
RAISED("amx-tile,amx-bf16") double amx(long rounds) {
  struct alignas(64) {
    unsigned char palette = 1, start = 0, none[14] = {};
    unsigned short bytes[16] = {};
    unsigned char rows[16] = {};
  } shape;
  for (int i = 0; i < 8; i++) shape.bytes[i] = 64, shape.rows[i] = 16;
  asm volatile("" ::"m"(shape));  // the compiler knows of the first bytes only that they are read
  _tile_loadconfig(&shape);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  _tile_zero(6);
  _tile_zero(7);
  for (long i = 0; i < rounds; i++) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return 4.0 * 16 * 16 * 32 * static_cast<double>(rounds) / 6;
}
#else
FILL(base, 4, "")
#endif

/// Products in a second, by so many threads at once; the best of some tries.
double rate(double (*fill)(long), int count) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::duration d) { return std::chrono::duration<double>(d).count(); };
  const auto started = Clock::now();
  fill(100000);
  const long rounds = static_cast<long>(100000 * 0.05 / seconds(Clock::now() - started)) + 1;
  double best = 0;
  for (int attempt = 0; attempt < 5; attempt++) {
    std::barrier together(count);
    std::vector<double> rates(count);
    std::vector<std::thread> threads;
    for (int i = 0; i < count; i++) {
      threads.emplace_back([&, i] {
        together.arrive_and_wait();
        const auto from = Clock::now();
        const double made = fill(rounds);
        rates[i] = made / seconds(Clock::now() - from);
      });
    }
    for (auto& thread : threads) thread.join();
    double sum = 0;
    for (const double one : rates) sum += one;
    best = std::max(best, sum);
  }
  return best;
}

}  // namespace

int main(int, char** argv) {
  const int count = std::atoi(argv[1]);
  const auto tell = [&](const char* name, double (*fill)(long)) { std::printf("%s %.0f\n", name, rate(fill, count)); };
  tell("base", base);
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) tell("avx2", avx2);
  if (__builtin_cpu_supports("avx512f")) tell("avx512", avx512);
  if (__builtin_cpu_supports("avx512bf16")) tell("avx512_bf16", avx512_bf16);
  if (__builtin_cpu_supports("avxvnni")) tell("avx_vnni", avx_vnni);
  if (__builtin_cpu_supports("avx512vnni")) tell("avx512_vnni", avx512_vnni);
  constexpr long request = 0x1023, tile_data = 18;
  if (__builtin_cpu_supports("amx-bf16") && syscall(SYS_arch_prctl, request, tile_data) == 0) tell("amx", amx);
#endif
}
