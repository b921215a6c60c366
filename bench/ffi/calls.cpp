// The same loop as in calls.ts, without a border between: one MLX op made and dropped, many times.
#include <chrono>
#include <cstdint>
#include <vector>

#include "mlx/mlx.h"

namespace mx = mlx::core;

extern "C" double nanoseconds_of_add(int64_t times) {
  auto a = mx::ones({4}), b = mx::ones({4});
  mx::eval(a, b);
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < times; i++) delete new mx::array(mx::add(a, b));
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / times;
}

// As in scopes of 100: the results live on for a while.
extern "C" double nanoseconds_of_add_kept(int64_t times) {
  auto a = mx::ones({4}), b = mx::ones({4});
  mx::eval(a, b);
  const auto start = std::chrono::steady_clock::now();
  std::vector<mx::array*> kept;
  for (int64_t i = 0; i < times; i += 100) {
    for (int j = 0; j < 100; j++) kept.push_back(new mx::array(mx::add(a, b)));
    for (auto* one : kept) delete one;
    kept.clear();
  }
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / times;
}

extern "C" double nanoseconds_of_reshape(int64_t times) {
  auto a = mx::ones({4});
  mx::eval(a);
  const auto start = std::chrono::steady_clock::now();
  for (int64_t i = 0; i < times; i++) delete new mx::array(mx::reshape(a, mx::Shape{2, 2}));
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / times;
}
