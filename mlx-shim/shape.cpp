// Type, layout, shape and indexing.
#include "handle.h"

using namespace easel;

namespace {

/// Start, stop and stride of every axis, in order.
struct Bounds {
  mx::Shape start, stop, stride;

  Bounds(const int32_t* values, int64_t n, size_t ndim) {
    if (static_cast<size_t>(n) != 3 * ndim) throw std::invalid_argument("[slice] the bounds do not fit the number of axes");
    start = shape_of(values, ndim);
    stop = shape_of(values + ndim, ndim);
    stride = shape_of(values + 2 * ndim, ndim);
  }
};

}  // namespace

easel_array* easel_astype(easel_array* a, int32_t dtype) {
  return make([&] { return mx::astype(at(a), dtype_at(dtype)); });
}

easel_array* easel_view(easel_array* a, int32_t dtype) {
  return make([&] { return mx::view(at(a), dtype_at(dtype)); });
}

easel_array* easel_contiguous(easel_array* a) {
  return make([&] { return mx::contiguous(at(a)); });
}

easel_array* easel_share(easel_array* a) {
  return make([&] { return at(a); });
}

easel_array* easel_reshape(easel_array* a, const int32_t* dims, int64_t n) {
  return make([&] { return mx::reshape(at(a), shape_of(dims, n)); });
}

easel_array* easel_transpose(easel_array* a, const int32_t* axes, int64_t n) {
  return make([&] { return n ? mx::transpose(at(a), ints(axes, n)) : mx::transpose(at(a)); });
}

easel_array* easel_expand_dims(easel_array* a, const int32_t* axes, int64_t n) {
  return make([&] { return mx::expand_dims(at(a), ints(axes, n)); });
}

easel_array* easel_squeeze(easel_array* a, const int32_t* axes, int64_t n) {
  return make([&] { return n ? mx::squeeze(at(a), ints(axes, n)) : mx::squeeze(at(a)); });
}

easel_array* easel_broadcast_to(easel_array* a, const int32_t* dims, int64_t n) {
  return make([&] { return mx::broadcast_to(at(a), shape_of(dims, n)); });
}

easel_array* easel_flip(easel_array* a, const int32_t* axes, int64_t n) {
  return make([&] { return mx::flip(at(a), ints(axes, n)); });
}

easel_array* easel_slice(easel_array* a, const int32_t* bounds, int64_t n) {
  return make([&] {
    Bounds b(bounds, n, at(a).ndim());
    return mx::slice(at(a), b.start, b.stop, b.stride);
  });
}

easel_array* easel_slice_update(easel_array* a, easel_array* update, const int32_t* bounds, int64_t n) {
  return make([&] {
    Bounds b(bounds, n, at(a).ndim());
    return mx::slice_update(at(a), at(update), b.start, b.stop, b.stride);
  });
}

easel_array* easel_take(easel_array* a, easel_array* indices, int32_t axis) {
  return make([&] { return mx::take(at(a), at(indices), axis); });
}

easel_array* easel_take_index(easel_array* a, int32_t index, int32_t axis) {
  return make([&] {
    // MLX checks no index, and -1 selects nothing.
    const int length = at(a).shape(axis);
    if (index < -length || index >= length) {
      throw std::out_of_range("[at] index " + std::to_string(index) + " is outside an axis of " + std::to_string(length));
    }
    return mx::take(at(a), index < 0 ? index + length : index, axis);
  });
}

easel_array* easel_take_along_axis(easel_array* a, easel_array* indices, int32_t axis) {
  return make([&] { return mx::take_along_axis(at(a), at(indices), axis); });
}

easel_array* easel_put_along_axis(easel_array* a, easel_array* indices, easel_array* values, int32_t axis) {
  return make([&] { return mx::put_along_axis(at(a), at(indices), at(values), axis); });
}

// widths: padding before and after each axis.
easel_array* easel_pad(easel_array* a, const int32_t* widths, int64_t n, double value, int32_t edge) {
  return make([&] {
    const int64_t ndim = at(a).ndim();
    if (n != 2 * ndim) throw std::invalid_argument("[pad] the widths do not fit the number of axes");
    std::vector<int> axes(ndim);
    for (int64_t i = 0; i < ndim; i++) axes[i] = static_cast<int>(i);
    return mx::pad(at(a), axes, shape_of(widths, ndim), shape_of(widths + ndim, ndim), array(value, at(a).dtype()),
                   edge ? "edge" : "constant");
  });
}

easel_array* easel_repeat(easel_array* a, int32_t count, int32_t axis) {
  return make([&] { return mx::repeat(at(a), count, axis); });
}

easel_array* easel_tile(easel_array* a, const int32_t* counts, int64_t n) {
  return make([&] { return mx::tile(at(a), ints(counts, n)); });
}

easel_array* easel_concatenate(easel_array* const* list, int64_t n, int32_t axis) {
  return make([&] { return mx::concatenate(all(list, n), axis); });
}

easel_array* easel_stack(easel_array* const* list, int64_t n, int32_t axis) {
  return make([&] { return mx::stack(all(list, n), axis); });
}
