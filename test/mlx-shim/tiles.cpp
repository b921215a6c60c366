// Compares the products, convolutions and attention of AMX's tiles with double precision, for both accuracies, over sizes that leave tails
// and edges. The sources are compiled with the tiles' instructions written out; the others are the processor's. Prints a number for all
// results, which must not depend on the threads.
#include <cmath>
#include <cstdio>
#include <vector>

#include "kernels/tables.h"

// The sizes here never fall back to AVX-512, whose kernels would take long to compile.
const easel::cpu::Kernels easel::cpu::avx512::table = [] {
  Kernels none{};
  none.attention_size = [](const AttentionShape&) { return 0L; };
  return none;
}();

namespace {

using namespace easel::cpu;
using Floats = std::vector<float>;

uint32_t state = 7;
float dice() {
  state = state * 1664525 + 1013904223;
  return static_cast<float>(static_cast<int32_t>(state)) / 0x1p31f;
}
Floats some(long count, float times = 1) {
  Floats list(count);
  for (auto& one : list) one = times * dice();
  return list;
}

uint64_t all_results = 14695981039346656037u;
bool good = true;

void compare(const char* what, float made, double wanted, double size, double bound) {
  uint32_t bits;
  std::memcpy(&bits, &made, sizeof bits);
  all_results = (all_results ^ bits) * 1099511628211u;
  const double error = std::abs(made - wanted) / size;
  if (error <= bound) return;
  if (good) std::printf("%s: %.9g instead of %.9g, %g of its terms' size\n", what, made, wanted, error);
  good = false;
}

/// The memory of a kernel, without room behind its end, so that a sanitizer sees what goes over it.
Floats memory_of(long floats) { return Floats(floats); }

void products(const TileKernels& k, double bound) {
  const long sizes[][3] = {{1, 1, 1},      {7, 33, 70},    {255, 40, 65},   {256, 1, 33}, {257, 33, 1},
                           {300, 31, 100}, {272, 65, 129}, {289, 70, 1100}, {600, 64, 64}};
  for (const auto& [m, n, deep] : sizes) {
    for (const bool columns : {false, true}) {
      const long ldx = deep + 3, ldo = n + 2;
      const auto x = some((m - 1) * ldx + deep), w = some(n * deep), bias = some(n), residual = some((m - 1) * ldo + n);
      Floats packed(k.packed_size(n, deep)), memory = memory_of(k.product_memory(m, n, deep)), out(residual.size(), -7);
      k.pack(w.data(), columns ? n : deep, columns, n, deep, packed.data());
      k.product(x.data(), ldx, packed.data(), {bias.data(), Activation::relu, bias.data(), residual.data()}, m, n, deep, memory.data(),
                out.data(), ldo);
      for (long i = 0; i < m; i++) {
        for (long j = 0; j < n; j++) {
          double sum = bias[j], size = std::abs(sum);
          for (long p = 0; p < deep; p++) {
            const double part = static_cast<double>(x[i * ldx + p]) * w[columns ? p * n + j : j * deep + p];
            sum += part, size += std::abs(part);
          }
          const double wanted = residual[i * ldo + j] + bias[j] * std::max(sum, 0.0);
          compare("product", out[i * ldo + j], wanted, std::abs(bias[j]) * size + std::abs(residual[i * ldo + j]), bound);
        }
        for (long j = n; j < ldo && i + 1 < m; j++) good = good && out[i * ldo + j] == -7;
      }
    }
  }
  // Infinity and NaN reach their row, and no other.
  const long m = 300, n = 40, deep = 70;
  for (const float bad : {INFINITY, NAN}) {
    Floats x(m * deep, 1), packed(k.packed_size(n, deep)), memory = memory_of(k.product_memory(m, n, deep)), out(m * n);
    const Floats w(n * deep, 2);
    x[5 * deep + 3] = bad;
    k.pack(w.data(), deep, false, n, deep, packed.data());
    k.product(x.data(), deep, packed.data(), {}, m, n, deep, memory.data(), out.data(), n);
    for (long i = 0; i < m * n; i++) {
      const float wanted = i / n == 5 ? bad : 2 * deep;
      good = good && (std::isnan(wanted) ? std::isnan(out[i]) : out[i] == wanted);
    }
  }
}

void convolutions(const TileKernels& k, double bound) {
  const long shapes[][4] = {{192, 192, 9, 11}, {193, 200, 8, 17}, {224, 225, 13, 5}};
  for (const auto& [channels, outputs, height, width] : shapes) {
    const long row = width * channels;
    const Convolution c{1, height, width, channels, outputs, height * row, row, channels, 3, 3, 1, 1, 1, 1, 1, 1, height, width, true};
    const auto x = some(height * row), w = some(outputs * 9 * channels), bias = some(outputs);
    Floats packed(k.winograd_size(outputs, channels)), out(height * width * outputs);
    k.winograd_weight(w.data(), outputs, channels, packed.data());
    k.winograd(x.data(), packed.data(), {bias.data()}, c, out.data());
    for (long place = 0; place < height * width; place++) {
      // Some of the outputs: all of them in double precision take long.
      for (long o = place % 7; o < outputs; o += 23) {
        double sum = bias[o], squares = sum * sum;
        for (long t = 0; t < 9; t++) {
          const long y = place / width + t / 3 - 1, at = place % width + t % 3 - 1;
          if (y < 0 || y >= height || at < 0 || at >= width) continue;
          for (long p = 0; p < channels; p++) {
            const double part = std::max(0.0f, x[y * row + at * channels + p]) * static_cast<double>(w[(o * 9 + t) * channels + p]);
            sum += part, squares += part * part;
          }
        }
        compare("convolution", out[place * outputs + o], sum, std::sqrt(squares), bound);
      }
    }
  }
}

void attention(const TileKernels& k, double bound) {
  const long shapes[][5] = {{16, 1, 32, 32, 0}, {17, 33, 31, 33, 0}, {70, 70, 64, 64, 1}, {65, 300, 40, 72, 0}, {33, 530, 80, 16, 1}};
  for (const auto& [queries, keys, width, value_width, causal] : shapes) {
    const AttentionShape s{1, 4, 2, queries, keys, width, value_width, 1 / std::sqrt(static_cast<float>(width)), causal != 0};
    // Scores of some size: a softmax of almost equal ones would hide their errors.
    const auto q = some(s.heads * queries * width, 6), key = some(s.kv_heads * keys * width), value = some(s.kv_heads * keys * value_width);
    Floats memory = memory_of(k.attention_size(s)), out(queries * s.heads * value_width);
    k.attention({q.data(), 0, queries * width, width, 1}, {key.data(), 0, keys * width, width, 1},
                {value.data(), 0, keys * value_width, value_width, 1}, {nullptr, 0, 0, 0, 0, false}, s, memory.data(), out.data());
    for (long h = 0; h < s.heads; h++) {
      const long kv = h / (s.heads / s.kv_heads);
      for (long i = 0; i < queries; i++) {
        const long seen = causal ? i + keys - queries + 1 : keys;
        std::vector<double> powers(seen), sums(value_width);
        double total = 0;
        for (long j = 0; j < seen; j++) {
          double score = 0;
          for (long c = 0; c < width; c++)
            score += static_cast<double>(q[(h * queries + i) * width + c]) * key[(kv * keys + j) * width + c];
          total += powers[j] = std::exp(score * s.scale);
        }
        for (long j = 0; j < seen; j++)
          for (long c = 0; c < value_width; c++) sums[c] += powers[j] / total * value[(kv * keys + j) * value_width + c];
        for (long c = 0; c < value_width; c++) compare("attention", out[(i * s.heads + h) * value_width + c], sums[c], 1, bound);
      }
    }
  }
}

/// The table `amx`: plain products are six of bfloat16, those that an activation or a residual follows three.
void rule() {
  const long m = 300, n = 40, deep = 70;
  const auto x = some(m * deep), w = some(n * deep), residual = some(m * n);
  const auto product = [&](const auto& k, const Epilogue& epilogue) {
    Floats packed(k.packed_size(n, deep)), memory = memory_of(k.product_memory(m, n, deep)), out(m * n);
    k.pack(w.data(), deep, false, n, deep, packed.data());
    k.product(x.data(), deep, packed.data(), epilogue, m, n, deep, memory.data(), out.data(), n);
    return out;
  };
  const Epilogue plain{w.data()}, activated{nullptr, Activation::silu}, added{nullptr, Activation::none, nullptr, residual.data()};
  const bool as_said = product(amx::table, plain) == product(amx_six::table, plain) &&
                       product(amx::table, activated) == product(amx_three::table, activated) &&
                       product(amx::table, added) == product(amx_three::table, added) &&
                       product(amx_float32::table, added) == product(amx_six::table, added) &&
                       product(amx_six::table, added) != product(amx_three::table, added);
  if (!as_said) std::printf("the tables take other products than they should\n"), good = false;
}

}  // namespace

int main() {
  rule();
  constexpr struct {
    const TileKernels& table;
    /// Of products, convolutions and attention. 1.2e-5 is what three products may leave out.
    double products, convolutions, attention;
  } both[] = {{amx_three::table, 1.2e-5, 2e-4, 5e-5}, {amx_six::table, 5e-7, 8e-6, 2e-6}};
  for (const auto& [table, product, convolution, of_attention] : both) {
    products(table, product);
    convolutions(table, convolution);
    attention(table, of_attention);
  }
  if (written_out::misuses > 0) std::printf("%d misuses of tiles\n", written_out::misuses.load()), good = false;
  std::printf("%s %016llx\n", good ? "all right" : "wrong", static_cast<unsigned long long>(all_results));
  return good ? 0 : 1;
}
