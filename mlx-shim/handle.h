// Rules of every entry point of the shim: no exception leaves it, and its handle is counted.
#pragma once
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "mlx/mlx.h"
#include "shim.h"

namespace easel {

namespace mx = mlx::core;
using mx::array;

inline thread_local std::string last_error;
inline std::atomic<int64_t> live{0};

/// Runs the body; after an exception, returns null or 0, and easel_error() has the text.
template <class F>
auto guarded(F&& body) -> decltype(body()) {
  try {
    return body();
  } catch (const std::exception& e) { last_error = e.what(); } catch (...) {
    last_error = "an exception that is no std::exception";
  }
  return {};
}

inline array& at(easel_array* handle) { return *reinterpret_cast<array*>(handle); }

inline std::optional<array> maybe(easel_array* handle) { return handle ? std::optional<array>(at(handle)) : std::nullopt; }

inline easel_array* give(array&& a) {
  auto* handle = reinterpret_cast<easel_array*>(new array(std::move(a)));
  live++;
  return handle;
}

/// Runs an op and returns its result as a handle.
template <class F>
easel_array* make(F&& op) {
  return guarded([&]() -> easel_array* { return give(op()); });
}

inline std::vector<array> all(easel_array* const* list, int64_t n) {
  std::vector<array> arrays;
  arrays.reserve(n);
  for (int64_t i = 0; i < n; i++) arrays.push_back(at(list[i]));
  return arrays;
}

inline mx::Shape shape_of(const int32_t* dims, int64_t n) { return mx::Shape(dims, dims + n); }
inline std::vector<int> ints(const int32_t* values, int64_t n) { return std::vector<int>(values, values + n); }

/// Index of a dtype in the ABI; ffi/dtype.ts has the same order.
inline constexpr mx::Dtype dtypes[] = {mx::float32, mx::float16, mx::bfloat16, mx::int32, mx::uint32, mx::int64, mx::uint8, mx::bool_};
inline constexpr int dtype_count = sizeof(dtypes) / sizeof(*dtypes);

inline mx::Dtype dtype_at(int32_t number) {
  if (number < 0 || number >= dtype_count) throw std::invalid_argument("[dtype] there is no dtype " + std::to_string(number));
  return dtypes[number];
}

inline bool on_cpu() { return mx::default_device() == mx::Device::cpu; }

/// A scalar operand in the dtype of its array, unless that would lose its value.
array scalar(double value, mx::Dtype beside);

struct List {
  std::vector<array> arrays;
};

}  // namespace easel
