// Compares products of bfloat16 with double precision, over sizes that leave tails and edges. On x64 the sources for AVX512_BF16 and AMX
// are compiled with their instructions written out, so that any processor runs them; on arm64 BFMMLA is the processor's.
#include <cmath>
#include <cstdio>
#include <vector>

#include "kernels/includes.h"

#if defined(__x86_64__)
namespace simulated {

/// Intel: an intermediate result that is subnormal, and an operand that is, count as zero.
float flushed(float x) { return std::abs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }
float number(uint16_t half) {
  const uint32_t bits = uint32_t{half} << 16;
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return flushed(x);
}
float dot(float sum, const uint16_t* a, const uint16_t* b) {
  const float one = flushed(std::fma(number(a[1]), number(b[1]), sum));
  return flushed(std::fma(number(a[0]), number(b[0]), one));
}
template <class Vector, class Words>
Vector dots(Vector sum, Words left, Words right) {
  for (int i = 0; i < 16; i++) {
    uint16_t a[2], b[2];
    const uint32_t x = left[i], y = right[i];
    std::memcpy(a, &x, 4), std::memcpy(b, &y, 4);
    sum[i] = dot(sum[i], a, b);
  }
  return sum;
}

}  // namespace simulated

#define LANES 16
#define VECTORS 2
#define ROWS 12
#define NAME wide
#define TITLE "avx512_bf16"
#define BFLOAT16_DOT(sum, left, right) simulated::dots(sum, left, right)
namespace easel::cpu::wide {
extern const Bfloat16 table;
}
#include "kernels/bfloat16s.inc"
#undef NAME
#undef TITLE
#undef BFLOAT16_DOT
#undef INLINE
#undef INLINE_LAMBDA
#define NAME amx_bfloat16
#define TITLE "amx_bf16"
#include "kernels/bfloat16s.inc"
#endif

namespace {

using namespace easel::cpu;

double rounded(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

uint32_t state = 7;
float dice() {
  state = state * 1664525 + 1013904223;
  return static_cast<float>(static_cast<int32_t>(state)) / 0x1p30f;
}

/// Buffers have no room behind their ends, so that a sanitizer sees what goes over them.
bool right(const Bfloat16& table, long m, long n, long k) {
  const long ldx = k + m % 3, ldo = n + n % 2;
  std::vector<float> x(std::max(0L, (m - 1) * ldx + k)), w(n * k), bias(n), scale(n), residual((m - 1) * ldo + n), out(residual.size(), -7);
  for (auto* list : {&x, &w, &bias, &scale, &residual})
    for (auto& one : *list) one = dice();
  std::vector<uint32_t> packed(table.packed_size(n, k));
  table.pack(w.data(), k, n, k, packed.data());
  const Epilogue epilogue{bias.data(), Activation::relu, scale.data(), residual.data()};
  table.product(x.data(), ldx, packed.data(), epilogue, m, n, k, out.data(), ldo);
  for (long i = 0; i < m; i++) {
    for (long j = 0; j < n; j++) {
      double sum = bias[j], size = std::abs(bias[j]);
      for (long p = 0; p < k; p++) {
        const double part = rounded(x[i * ldx + p]) * rounded(w[j * k + p]);
        sum += part, size += std::abs(part);
      }
      const double wanted = residual[i * ldo + j] + scale[j] * std::max(sum, 0.0);
      if (!(std::abs(out[i * ldo + j] - wanted) <= 2e-6 * (1 + size))) {
        std::printf("%s, %ld x %ld x %ld: %g instead of %g\n", table.name, m, n, k, out[i * ldo + j], wanted);
        return false;
      }
    }
    for (long j = n; j < ldo && i + 1 < m; j++)
      if (out[i * ldo + j] != -7) return std::printf("%s writes beside its columns\n", table.name), false;
  }
  return true;
}

bool all_right(const Bfloat16& table) {
  bool good = true;
  for (const long m : {1L, 2L, 9L, 16L, 17L, 31L, 33L, 130L, 500L})
    for (const long n : {1L, 8L, 31L, 33L, 70L})
      for (const long k : {1L, 2L, 3L, 31L, 33L, 64L, 129L}) good = right(table, m, n, k) && good;
  // More than one pass over k.
  return right(table, 20, 40, 4099) && good;
}

}  // namespace

int main() {
#if defined(__x86_64__)
  const bool good = all_right(wide::table) & all_right(amx_bfloat16::table) & (written_out::misuses == 0);
#else
  const bool good = all_right(bfmmla::table);
#endif
  std::puts(good ? "all right" : "wrong");
  return good ? 0 : 1;
}
