// Drives the pool, every kernel and the memory of kernels/ under ThreadSanitizer, on threads of this program alone. Through MLX's
// ops nothing could be told: MLX is not compiled with it, so what orders MLX's threads is not seen, and every stack of its stream
// would have to be passed over, the pool's with it. So nothing here is passed over.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "kernels/kernels.h"
#include "kernels/pool.h"
#include "mlx/allocator.h"
#include "mlx/memory.h"

namespace {

using namespace easel::cpu;

std::atomic<int> failures{0};

#define CHECK(condition) \
  if (!(condition)) std::printf("line %d: %s\n", __LINE__, #condition), failures++

using Floats = std::vector<float>;
using Result = std::function<Floats()>;

/// Numbers that differ, none of them large.
Floats some(long size) {
  Floats list(size);
  for (long i = 0; i < size; i++) list[i] = static_cast<float>((i * 7919) % 257 - 128) / 100;
  return list;
}

Convolution convolved(long kernel, long stride, long channels = 20, long outputs = 36) {
  const long height = 45, width = 50, padding = kernel / 2, row = width * channels;
  const auto made = [=](long side) { return (side + 2 * padding - kernel) / stride + 1; };
  return {1,      height,  width,   channels, outputs, height * row, row,         channels, kernel, kernel, stride,
          stride, padding, padding, 1,        1,       made(height), made(width), true};
}

/// Every kernel, over more items than there are threads.
std::vector<Result> results_of(const Kernels& k) {
  std::vector<Result> list;
  for (const long m : {3L, 300L}) {
    list.push_back([&k, m] {
      const long n = 130, deep = 170;
      const auto x = some(m * deep), w = some(n * deep), bias = some(n), residual = some(m * n);
      Floats packed(k.packed_size(n, deep)), memory(k.product_memory(m, n, deep) + 16), out(m * n);
      k.pack(w.data(), deep, false, n, deep, packed.data());
      k.product(x.data(), deep, packed.data(), {bias.data(), Activation::gelu, bias.data(), residual.data()}, m, n, deep, memory.data(),
                out.data(), n);
      return out;
    });
    list.push_back([&k, m] {
      const long n = 130, deep = 171;
      const auto x = some(m * deep), w = some(n * deep), bias = some(n);
      std::vector<uint32_t> packed(k.bfloat16->packed_size(n, deep));
      Floats out(m * n);
      k.bfloat16->pack(w.data(), deep, n, deep, packed.data());
      k.bfloat16->product(x.data(), deep, packed.data(), {bias.data(), Activation::gelu}, m, n, deep, out.data(), n);
      return out;
    });
    list.push_back([&k, m] {
      const long n = 90, deep = 70;
      const auto a = some(m * deep), b = some(n * deep);
      Floats out(m * n);
      k.gemm(false, true, m, n, deep, 1, a.data(), deep, b.data(), deep, 0, out.data(), n);
      return out;
    });
  }
  for (const long wide : {20L, 200L})
    list.push_back([&k, wide] {
      const auto c = convolved(3, 1, wide, wide + 16);
      const auto x = some(c.height * c.width * c.channels), w = some(c.outputs * 9 * c.channels), bias = some(c.outputs);
      Floats packed(k.winograd_size(c.outputs, c.channels)), out(c.out_h * c.out_w * c.outputs);
      k.winograd_weight(w.data(), c.outputs, c.channels, packed.data());
      k.winograd(x.data(), packed.data(), {bias.data(), Activation::relu}, c, out.data());
      return out;
    });
  for (const long kernel : {1L, 3L}) {
    list.push_back([&k, kernel] {
      const auto c = convolved(kernel, 2);
      const long deep = kernel * kernel * c.channels;
      const auto x = some(c.height * c.width * c.channels), w = some(c.outputs * deep), bias = some(c.outputs);
      Floats packed(k.convolution_size(c.outputs, deep)), out(c.out_h * c.out_w * c.outputs);
      k.convolution_weight(w.data(), c.outputs, deep, packed.data());
      k.convolution(x.data(), packed.data(), {bias.data(), Activation::relu}, c, out.data());
      return out;
    });
  }
  for (const bool causal : {false, true}) {
    list.push_back([&k, causal] {
      const AttentionShape s{1, 4, 2, 130, 150, 32, 32, 0.2f, causal};
      const auto q = some(s.heads * s.queries * s.width), kv = some(s.kv_heads * s.keys * s.width);
      const Strided queries{q.data(), 0, s.queries * s.width, s.width, 1}, keys{kv.data(), 0, s.keys * s.width, s.width, 1};
      Floats memory(k.attention_size(s) + 16), out(s.heads * s.queries * s.value_width);
      k.attention(queries, keys, keys, {nullptr, 0, 0, 0, 0, false}, s, memory.data(), out.data());
      return out;
    });
  }
  constexpr long rows = 300, n = 210;
  for (const auto which : {&Kernels::gelu, &Kernels::gelu_tanh, &Kernels::silu}) {
    list.push_back([&k, which] {
      const auto x = some(rows * n);
      Floats out(rows * n);
      (k.*which)(x.data(), rows * n, out.data());
      return out;
    });
  }
  const auto by_row = [&](auto work) {
    list.push_back([=] {
      const auto x = some(rows * n), w = some(n);
      Floats out(rows * n);
      work(x.data(), w.data(), out.data());
      return out;
    });
  };
  by_row([&k](auto* x, auto*, auto* out) { k.softmax(x, rows, n, out); });
  by_row([&k](auto* x, auto*, auto* out) { k.gated(x, n, x, n, rows, n, out); });
  by_row([&k](auto* x, auto* w, auto* out) { k.layer_norm(x, w, w, rows, n, 1e-5f, out); });
  by_row([&k](auto* x, auto* w, auto* out) { k.rms_norm(x, w, rows, n, 1e-5f, out); });
  by_row([&k](auto* x, auto* w, auto* out) { k.group_norm(x, w, w, 2, rows / 2, n, 7, 1e-5f, out); });
  list.push_back([&k] {
    const long height = 30, width = 40, channels = 24, tall = 70, wide = 90;
    const auto x = some(height * width * channels);
    const auto places = [](long from, long to) {
      std::vector<int32_t> list;
      for (long i = 0; i < to; i++) list.push_back(i * from / to), list.push_back(std::min(from - 1, i * from / to + 1));
      return list;
    };
    const auto down = places(height, tall), across = places(width, wide);
    const Floats weights(2 * std::max(tall, wide), 0.5f);
    Floats out(tall * wide * channels);
    k.resample(x.data(), 1, height, width, channels, {down.data(), weights.data(), tall, 2}, {across.data(), weights.data(), wide, 2},
               out.data());
    return out;
  });
  for (const int bits : {3, 4, 8}) {
    list.push_back([&k, bits] {
      const long m = 5, n = 75, deep = 128, group = 64;
      const auto x = some(m * deep), each = some(n * deep / group);
      std::vector<uint8_t> stream(n * deep / 8 * bits);
      for (size_t i = 0; i < stream.size(); i++) stream[i] = static_cast<uint8_t>(i * 131);
      const Quantized w{stream.data(), each.data(), each.data(), n, deep, bits, static_cast<int>(group)};
      Floats out(m * n), back(n * deep);
      k.quantized_product(w, x.data(), each.data(), m, out.data());
      k.dequantize(w, 0, n, back.data());
      out.insert(out.end(), back.begin(), back.end());
      return out;
    });
  }
  for (const int bits : {4, 8}) {
    const auto* integers = &k == kernels() ? integer_products() : nullptr;
    if (!integers) continue;
    list.push_back([integers, bits] {
      const long m = 300, n = 75, deep = 128, group = 64;
      const auto x = some(m * deep), each = some(n * deep / group);
      std::vector<uint8_t> stream(n * deep / 8 * bits);
      for (size_t i = 0; i < stream.size(); i++) stream[i] = static_cast<uint8_t>(i * 131);
      const Quantized w{stream.data(), each.data(), each.data(), n, deep, bits, static_cast<int>(group)};
      std::vector<uint32_t> packed(integers->packed_size(n, deep, group));
      Floats out(m * n);
      integers->pack(w, 0, n, packed.data());
      integers->product(x.data(), packed.data(), bits, group, {each.data()}, m, n, deep, out.data(), n);
      return out;
    });
  }
  return list;
}

bool same(const Floats& a, const Floats& b) { return a.size() == b.size() && !std::memcmp(a.data(), b.data(), a.size() * sizeof(float)); }

/// So many threads of this program at once.
void together(int count, const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; i++) threads.emplace_back(work, i);
  for (auto& thread : threads) thread.join();
}

/// What one caller gets, two get that take turns with the pool.
void every_kernel(const Kernels& k) {
  const auto list = results_of(k);
  std::vector<Floats> alone;
  for (const auto& result : list) alone.push_back(result());
  together(2, [&](int caller) {
    for (size_t i = 0; i < list.size(); i++) {
      const size_t which = caller ? list.size() - 1 - i : i;
      CHECK(same(list[which](), alone[which]));
    }
  });
}

/// Every item once, whatever is written by whom; each thread's memory its own; work inside of work by the same thread.
void pool() {
  for (long count : {0L, 1L, 2L, 3L, 1000L}) {
    for (int round = 0; round < 200; round++) {
      std::vector<int> times(count);
      parallel(count, [&](long item) { times[item]++; });
      for (const int once : times) CHECK(once == 1);
    }
  }
  together(3, [](int caller) {
    for (int round = 0; round < 100; round++) {
      Floats sums(64);
      parallel(64, [&](long item) {
        float* mine = scratch(100 + item * 10);
        for (int i = 0; i < 100; i++) mine[i] = static_cast<float>(caller);
        parallel(10, [&](long) { sums[item] += mine[99]; });
      });
      for (const float sum : sums) CHECK(sum == static_cast<float>(10 * caller));
    }
  });
}

/// Arrays large and small, made by one thread and freed by another, while others ask how much there is.
void memory() {
  namespace mx = mlx::core;
  auto& allocator = mx::allocator::allocator();
  const size_t before = mx::get_active_memory();
  std::vector<std::atomic<void*>> shelf(16);
  together(4, [&](int caller) {
    for (int round = 0; round < 400; round++) {
      const size_t bytes = size_t{1} << (6 + (round * 5 + caller * 3) % 17);
      auto buffer = allocator.malloc(bytes);
      CHECK(allocator.size(buffer) == bytes);
      std::memset(buffer.raw_ptr(), caller, std::min(bytes, size_t{4096}));
      if (auto* other = shelf[(round + caller) % shelf.size()].exchange(buffer.ptr())) allocator.free(mx::allocator::Buffer(other));
      if (round % 50 == 0) mx::clear_cache(), mx::set_cache_limit(size_t{1} << (20 + caller)), mx::reset_peak_memory();
      CHECK(mx::get_active_memory() > 0 && mx::get_peak_memory() > 0 && mx::get_cache_memory() < size_t{1} << 40);
    }
  });
  for (auto& left : shelf) allocator.free(mx::allocator::Buffer(left.load()));
  CHECK(mx::get_active_memory() == before);
}

}  // namespace

int main() {
  pool();
  for (const char* set : {"base", "avx2", "avx512", "amx", "amx_float32"}) {
    try {
      dispatch(set);
    } catch (const std::exception&) { continue; }
    every_kernel(*kernels());
  }
  // Chosen by one thread while others ask.
  together(3, [](int caller) {
    for (int round = 0; round < 300; round++) {
      if (caller == 0) dispatch(round % 2 ? "base" : "off");
      CHECK(any_kernels().name != nullptr && (!kernels() || kernels_at(0)));
    }
  });
  memory();
  if (failures) std::printf("%d checks failed\n", failures.load());
  return failures ? 1 : 0;
}
