// Compares products of few bits, whose sums are of integers, with double precision, over sizes that leave tails and edges. The instructions
// for sums of four products are written out below, so that any processor runs the sources that use them; those of this one run as they are.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "kernels/includes.h"

#pragma GCC diagnostic ignored "-Wunused-function"
#define INLINE inline __attribute__((always_inline))
#define INLINE_LAMBDA __attribute__((always_inline))

namespace written_out {

/// Four products and their sum added to a sum; the left numbers have no sign, or have one.
template <class Left>
int32_t dot(int32_t sum, uint32_t left, uint32_t right) {
  for (int i = 0; i < 4; i++) sum += static_cast<Left>(left >> 8 * i) * static_cast<int8_t>(right >> 8 * i);
  return sum;
}

}  // namespace written_out

#define INTEGER_DOT(sum, left, right) dots(sum, left, right)
#define ROWS 2
#define VECTORS 2
#define DOTS(Left)                                                                              \
  Integers dots(Integers sum, Words left, Words right) {                                        \
    for (int i = 0; i < LANES; i++) sum[i] = written_out::dot<Left>(sum[i], left[i], right[i]); \
    return sum;                                                                                 \
  }

namespace easel::cpu {

// As the units for VNNI have it, but in the width of every processor.
namespace four {
#define LANES 4
#include "kernels/vector.inc"
DOTS(uint8_t)
#include "kernels/epilogue.inc"
#include "kernels/pairs.inc"
#include "kernels/product.inc"
#include "kernels/quantized.inc"
#include "kernels/integer.inc"
const Integer table = {"four lanes", integer_size, pack_integer, integer_product};
}  // namespace four

// As Arm's unit has it.
namespace signed_four {
#define INTEGER_SIGNED
#include "kernels/vector.inc"
DOTS(int8_t)
#include "kernels/epilogue.inc"
#include "kernels/pairs.inc"
#include "kernels/product.inc"
#include "kernels/quantized.inc"
#include "kernels/integer.inc"
const Integer table = {"four lanes with signs", integer_size, pack_integer, integer_product};
#undef LANES
#undef INTEGER_SIGNED
}  // namespace signed_four

// In the width of AVX-512, whose own instructions unpack.
namespace sixteen {
#define LANES 16
#include "kernels/vector.inc"
DOTS(uint8_t)
#include "kernels/epilogue.inc"
#include "kernels/pairs.inc"
#include "kernels/product.inc"
constexpr int unpacked = 1;
template <int bits>
void unpack_some(const uint8_t* stream, Integers* to) {
  for (int i = 0; i < LANES * bits; i++) {
    if (i % bits == 0) (*to)[i / bits] = 0;
    (*to)[i / bits] |= (stream[i / 8] >> i % 8 & 1) << i % bits;
  }
}
#include "kernels/integer.inc"
const Integer table = {"sixteen lanes", integer_size, pack_integer, integer_product};
#undef LANES
}  // namespace sixteen

}  // namespace easel::cpu

namespace {

using namespace easel::cpu;

uint32_t state = 7;
uint32_t dice() {
  state = state * 1664525 + 1013904223;
  return state >> 8;
}

enum class Left { whole, any, extreme };

/// Groups of whole numbers up to 127 times a power of two are rounded exactly; of any others the bound is half a step.
void fill(std::vector<float>& x, long group, Left kind) {
  for (size_t first = 0; first < x.size(); first += group) {
    const float power = std::ldexp(1.0f, static_cast<int>(dice() % 9) - 4);
    for (long i = 0; i < group; i++) {
      const int number = static_cast<int>(dice() % 255) - 127;
      const float part = static_cast<float>(dice() % 20001) / 10000 - 1;
      x[first + i] = power * (kind == Left::any ? part : static_cast<float>(kind == Left::extreme ? 127 : number));
    }
    if (kind == Left::whole) x[first + dice() % group] = 127 * power;
  }
}

/// Buffers have no room behind their ends, so that a sanitizer sees what goes over them.
bool right(const Integer& table, long m, long n, long k, int bits, int group, Left kind) {
  const long ldo = n + n % 2, groups = k / group;
  std::vector<float> x(m * k), scales(n * groups), biases(n * groups), bias(n), out((m - 1) * ldo + n, -7);
  std::vector<uint8_t> stream(n * k * bits / 8);
  fill(x, group, kind);
  for (auto& one : stream) one = kind == Left::extreme ? 255 : static_cast<uint8_t>(dice());
  for (auto* list : {&scales, &biases, &bias})
    for (auto& one : *list) one = static_cast<float>(dice() % 2001) / 1000 - 1;
  const Quantized w{stream.data(), scales.data(), biases.data(), n, k, bits, group};
  // As the product takes them: some rows of the weight at a time.
  constexpr long run = 32;
  std::vector<uint32_t> packed(table.packed_size(n, k, group));
  for (long first = 0; first < n; first += run)
    table.pack(w, first, std::min(run, n - first), packed.data() + table.packed_size(first, k, group));
  table.product(x.data(), packed.data(), bits, group, {bias.data(), Activation::relu}, m, n, k, out.data(), ldo);
  const auto number = [&](long at) {
    int whole = 0;
    for (int bit = 0; bit < bits; bit++) whole |= (stream[(at * bits + bit) / 8] >> ((at * bits + bit) % 8) & 1) << bit;
    return whole;
  };
  for (long j = 0; j < n; j++) {
    std::vector<double> column(k), parts(k);
    for (long p = 0; p < k; p++) {
      const long g = j * groups + p / group;
      column[p] = static_cast<double>(scales[g]) * number(j * k + p) + biases[g];
      parts[p] = std::abs(static_cast<double>(scales[g]) * number(j * k + p)) + 2 * std::abs(biases[g]) + std::abs(scales[g]) * (1 << bits);
    }
    for (long i = 0; i < m; i++) {
      double sum = bias[j], rounding = std::abs(bias[j]), steps = 0;
      for (long first = 0; first < k; first += group) {
        double most = 0;
        for (long p = first; p < first + group; p++) most = std::max(most, std::abs(static_cast<double>(x[i * k + p])));
        for (long p = first; p < first + group; p++) {
          sum += x[i * k + p] * column[p], rounding += std::abs(x[i * k + p]) * parts[p];
          if (kind == Left::any) steps += most / 127 * 0.5001 * std::abs(column[p]);
        }
      }
      const double wanted = std::max(sum, 0.0);
      if (!(std::abs(out[i * ldo + j] - wanted) <= steps + 1e-6 * rounding)) {
        std::printf("%s, %ld x %ld x %ld, %d bits by %d: %g instead of %g, within %g\n", table.name, m, n, k, bits, group, out[i * ldo + j],
                    wanted, steps + 1e-6 * rounding);
        return false;
      }
    }
  }
  for (long i = 0; i + 1 < m; i++)
    for (long j = n; j < ldo; j++)
      if (out[i * ldo + j] != -7) return std::printf("%s writes beside its columns\n", table.name), false;
  return true;
}

/// A number that is none spoils its row, and no other; zeros and numbers too small for a scale are zeros.
bool special(const Integer& table, int bits) {
  const long m = 9, n = 20, k = 128;
  std::vector<uint8_t> stream(n * k, 7);
  const std::vector<float> ones(n * 2, 1);
  const Quantized w{stream.data(), ones.data(), ones.data(), n, k, bits, 64};
  std::vector<uint32_t> packed(table.packed_size(n, k, 64));
  table.pack(w, 0, n, packed.data());
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> x(m * k, 0), out(m * n);
    x[k + 70] = bad, x[2 * k + 5] = 1e-38f;
    if (std::isnan(bad)) std::fill_n(x.begin() + k, k, bad);
    table.product(x.data(), packed.data(), bits, 64, {}, m, n, k, out.data(), n);
    for (long i = 0; i < m * n; i++)
      if (i / n == 1 ? std::isfinite(out[i]) : out[i] != 0) return std::printf("%s: %g in row %ld\n", table.name, out[i], i / n), false;
  }
  return true;
}

bool all_right(const Integer& table) {
  bool good = true;
  for (const int bits : {2, 3, 4, 5, 6, 8}) {
    for (const int group : {32, 64, 128}) {
      for (const long m : {1L, 5L, 6L, 7L, 49L}) {
        const long n = 1 + dice() % 70, k = group * (1 + dice() % 4);
        for (const auto kind : {Left::whole, Left::any}) good = right(table, m, n, k, bits, group, kind) && good;
      }
    }
    good = right(table, 8, 33, 256, bits, 64, Left::extreme) && right(table, 8, 33, 256, bits, 128, Left::extreme) && good;
    good = special(table, bits) && good;
  }
  // More than one pass over k, and more than one item of work.
  return right(table, 20, 40, 2176, 8, 64, Left::whole) && right(table, 250, 100, 1152, 4, 64, Left::any) && good;
}

/// The tables of this processor, and those whose instructions are written out.
std::vector<const Integer*> all_tables() {
  std::vector<const Integer*> list = {&four::table, &signed_four::table, &sixteen::table};
#if defined(HAS_AVX2)
  list.push_back(&avx2integer::table);
#endif
#if defined(HAS_AVX_VNNI)
  list.push_back(&avxvnni::table);
#endif
#if defined(HAS_AVX512_VNNI)
  list.push_back(&avx512vnni::table);
#endif
#if defined(HAS_TILES)
  list.push_back(&amx_integer::table);
#endif
#if defined(__aarch64__)
  list.insert(list.end(), {&dotprod::table, &i8mm::table});
#endif
  return list;
}

/// Whether a table is one of the processor's instructions that take the sides of a product with and without signs, as those of x64 do.
bool same_sides([[maybe_unused]] const Integer* table) {
#if defined(__aarch64__)
  return false;
#else
  return table != &four::table && table != &signed_four::table && table != &sixteen::table;
#endif
}

/// Results are the same to the last bit: of all tables where every sum is a whole number that float32 has, and of any numbers between the
/// instructions of one kind of processor that take the same sides with and without signs.
bool agree(long m, long n, int bits, int group, bool whole) {
  const long k = 2 * group, groups = k / group;
  std::vector<float> x(m * k), scales(n * groups), biases(n * groups);
  std::vector<uint8_t> stream(n * k * bits / 8);
  for (auto& one : stream) one = static_cast<uint8_t>(dice());
  for (auto& one : x)
    one = whole ? static_cast<float>(static_cast<int>(dice() % 255) - 127) : static_cast<float>(dice() % 20001) / 10000 - 1;
  for (long first = 0; whole && first < m * k; first += group) x[first] = 127;
  for (auto* list : {&scales, &biases})
    for (auto& one : *list) one = whole ? static_cast<float>(dice() % 2 + 1) : static_cast<float>(dice() % 2001) / 1000 - 1;
  const Quantized w{stream.data(), scales.data(), biases.data(), n, k, bits, group};
  std::vector<float> before;
  for (const auto* table : all_tables()) {
    if (!whole && !same_sides(table)) continue;
    std::vector<uint32_t> packed(table->packed_size(n, k, group));
    std::vector<float> out(m * n);
    table->pack(w, 0, n, packed.data());
    table->product(x.data(), packed.data(), bits, group, {}, m, n, k, out.data(), n);
    if (before.empty()) before = out;
    if (std::memcmp(before.data(), out.data(), out.size() * sizeof(float)))
      return std::printf("%s: %ld x %ld x %ld, %d bits by %d: not the same\n", table->name, m, n, k, bits, group), false;
  }
  return true;
}

}  // namespace

int main() {
  bool good = true;
  for (const auto* table : all_tables()) good = all_right(*table) && good;
  for (const int bits : {2, 3, 4, 5, 6, 8})
    for (const int group : {32, 64, 128})
      for (const bool whole : {true, false}) good = agree(1 + dice() % 70, 1 + dice() % 70, bits, bits == 8 ? 32 : group, whole) && good;
#if defined(HAS_TILES)
  if (written_out::misuses > 0) std::printf("%d misuses of tiles\n", written_out::misuses.load()), good = false;
#endif
  std::puts(good ? "all right" : "wrong");
  return good ? 0 : 1;
}
