// Random numbers.
#include "handle.h"

using namespace easel;

easel_array* easel_random_key(uint64_t seed) {
  return make([&] { return mx::random::key(seed); });
}

easel_array* easel_random_split(easel_array* key, int32_t count) {
  return make([&] { return mx::random::split(at(key), count); });
}

easel_array* easel_random_normal(const int32_t* dims, int64_t n, int32_t dtype, easel_array* key) {
  return make([&] { return mx::random::normal(shape_of(dims, n), dtype_at(dtype), at(key)); });
}

easel_array* easel_random_uniform(const int32_t* dims, int64_t n, double low, double high, int32_t dtype, easel_array* key) {
  return make([&] {
    auto type = dtype_at(dtype);
    return mx::random::uniform(array(low, type), array(high, type), shape_of(dims, n), type, at(key));
  });
}

easel_array* easel_random_bits(const int32_t* dims, int64_t n, easel_array* key) {
  return make([&] { return mx::random::bits(shape_of(dims, n), at(key)); });
}
