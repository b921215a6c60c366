// Making, reading and evaluating arrays.
#include <cmath>
#include <cstring>

#include "handle.h"

using namespace easel;

namespace easel {

array scalar(double value, mx::Dtype beside) {
  if (mx::issubdtype(beside, mx::floating)) return array(value, beside);
  const bool whole = std::abs(value) < 0x1p63 && value == std::trunc(value);
  if (!whole) return array(value, mx::float32);
  return array(static_cast<int64_t>(value), beside == mx::bool_ ? mx::int32 : beside);
}

}  // namespace easel

namespace {

int64_t bytes_of(const mx::Shape& shape, mx::Dtype dtype) {
  int64_t bytes = mx::size_of(dtype);
  for (auto d : shape) {
    if (d < 0 || __builtin_mul_overflow(bytes, int64_t{d}, &bytes)) throw std::invalid_argument("[from_bytes] impossible shape");
  }
  return bytes;
}

}  // namespace

void easel_free(easel_array* a) {
  if (!a) return;
  live--;
  delete &at(a);
}

easel_array* easel_from_bytes(const void* bytes, int64_t nbytes, const int32_t* dims, int64_t n, int32_t dtype) {
  return make([&] {
    auto shape = shape_of(dims, n);
    auto type = dtype_at(dtype);
    if (bytes_of(shape, type) != nbytes)
      throw std::invalid_argument("[from_bytes] " + std::to_string(nbytes) + " bytes do not fill the shape");
    // Typed iterators compile against every 0.32 release of MLX; the type only says how far to read.
    switch (mx::size_of(type)) {
      case 1:
        return mx::view(array(static_cast<const uint8_t*>(bytes), std::move(shape), mx::uint8), type);
      case 2:
        return mx::view(array(static_cast<const uint16_t*>(bytes), std::move(shape), mx::uint16), type);
      case 4:
        return mx::view(array(static_cast<const uint32_t*>(bytes), std::move(shape), mx::uint32), type);
      default:
        return mx::view(array(static_cast<const int64_t*>(bytes), std::move(shape), mx::int64), type);
    }
  });
}

int32_t easel_read(easel_array* a, void* out, int64_t nbytes) {
  return guarded([&] {
    auto rows = mx::contiguous(at(a));
    mx::eval(rows);
    // An error of the last kernel may arrive only at the next call into the stream.
    mx::synchronize();
    if (static_cast<int64_t>(rows.nbytes()) != nbytes) {
      throw std::invalid_argument("[read] the array has " + std::to_string(rows.nbytes()) + " bytes, the view " + std::to_string(nbytes));
    }
    if (nbytes) std::memcpy(out, rows.data<char>(), nbytes);
    return 1;
  });
}

int32_t easel_ndim(easel_array* a) { return static_cast<int32_t>(at(a).ndim()); }

int32_t easel_dim(easel_array* a, int32_t axis) {
  return guarded([&] { return at(a).shape(axis); });
}

int32_t easel_dtype(easel_array* a) {
  for (int i = 0; i < dtype_count; i++) {
    if (at(a).dtype() == dtypes[i]) return i;
  }
  return -1;
}

int64_t easel_nbytes(easel_array* a) { return static_cast<int64_t>(at(a).nbytes()); }

int32_t easel_eval(easel_array* const* list, int64_t n) {
  return guarded([&] { return mx::eval(all(list, n)), 1; });
}

int32_t easel_async_eval(easel_array* const* list, int64_t n) {
  return guarded([&] { return mx::async_eval(all(list, n)), 1; });
}

easel_array* easel_full(const int32_t* dims, int64_t n, double value, int32_t dtype) {
  return make([&] { return mx::full(shape_of(dims, n), array(value, dtype_at(dtype))); });
}

easel_array* easel_arange(double start, double stop, double step, int32_t dtype) {
  return make([&] { return mx::arange(start, stop, step, dtype_at(dtype)); });
}

int64_t easel_list_size(easel_list* list) { return static_cast<int64_t>(reinterpret_cast<List*>(list)->arrays.size()); }

easel_array* easel_list_at(easel_list* list, int64_t index) {
  return make([&] { return reinterpret_cast<List*>(list)->arrays.at(index); });
}

void easel_list_free(easel_list* list) { delete reinterpret_cast<List*>(list); }
