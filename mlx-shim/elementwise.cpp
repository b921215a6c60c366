// Elementwise ops and reductions.
#include "handle.h"

using namespace easel;

#define UNARY(NAME)                               \
  easel_array* easel_##NAME(easel_array* a) {     \
    return make([&] { return mx::NAME(at(a)); }); \
  }

#define BINARY(NAME)                                          \
  easel_array* easel_##NAME(easel_array* a, easel_array* b) { \
    return make([&] { return mx::NAME(at(a), at(b)); });      \
  }

#define BINARY_SCALAR(NAME)                                                 \
  BINARY(NAME)                                                              \
  easel_array* easel_##NAME##_scalar(easel_array* a, double b) {            \
    return make([&] { return mx::NAME(at(a), scalar(b, at(a).dtype())); }); \
  }

#define REDUCTION(NAME)                                                                         \
  easel_array* easel_##NAME(easel_array* a, const int32_t* axes, int64_t n, int32_t keepdims) { \
    return make([&] { return mx::NAME(at(a), ints(axes, n), keepdims != 0); });                 \
  }

UNARY(negative)
UNARY(abs)
UNARY(square)
UNARY(sqrt)
UNARY(rsqrt)
UNARY(reciprocal)
UNARY(exp)
UNARY(log)
UNARY(sin)
UNARY(cos)
UNARY(tanh)
UNARY(erf)
UNARY(sigmoid)
UNARY(floor)
UNARY(ceil)
UNARY(round)
UNARY(logical_not)
UNARY(isnan)
UNARY(isfinite)

BINARY_SCALAR(add)
BINARY_SCALAR(subtract)
BINARY_SCALAR(multiply)
BINARY_SCALAR(divide)
BINARY_SCALAR(power)
BINARY_SCALAR(maximum)
BINARY_SCALAR(minimum)
BINARY_SCALAR(equal)
BINARY_SCALAR(greater)
BINARY_SCALAR(less)
BINARY(logical_and)
BINARY(logical_or)

REDUCTION(sum)
REDUCTION(mean)
REDUCTION(prod)
REDUCTION(max)
REDUCTION(min)
REDUCTION(all)
REDUCTION(any)

easel_array* easel_var(easel_array* a, const int32_t* axes, int64_t n, int32_t keepdims) {
  return make([&] { return mx::var(at(a), ints(axes, n), keepdims != 0); });
}

easel_array* easel_where(easel_array* condition, easel_array* a, easel_array* b) {
  return make([&] { return mx::where(at(condition), at(a), at(b)); });
}

easel_array* easel_clip(easel_array* a, double low, double high) {
  return make([&] {
    auto type = at(a).dtype();
    return mx::clip(at(a), scalar(low, type), scalar(high, type));
  });
}

easel_array* easel_argmax(easel_array* a, int32_t axis, int32_t keepdims) {
  return make([&] { return mx::argmax(at(a), axis, keepdims != 0); });
}

easel_array* easel_argmin(easel_array* a, int32_t axis, int32_t keepdims) {
  return make([&] { return mx::argmin(at(a), axis, keepdims != 0); });
}

easel_array* easel_sort(easel_array* a, int32_t axis) {
  return make([&] { return mx::sort(at(a), axis); });
}

easel_array* easel_argsort(easel_array* a, int32_t axis) {
  return make([&] { return mx::argsort(at(a), axis); });
}

easel_array* easel_cumsum(easel_array* a, int32_t axis) {
  // MLX's CPU scan divides by the axis' length, which crashes on an empty array.
  return make([&] { return at(a).size() == 0 ? at(a) : mx::cumsum(at(a), axis); });
}
