#include "bounded.h"

#include <algorithm>
#include <vector>

namespace easel {

namespace {

// Working memory of one piece.
constexpr int64_t piece_bytes = int64_t{64} << 20;

array rows(const array& a, int axis, int start, int stop) {
  mx::Shape from(a.ndim(), 0), to = a.shape();
  from[axis] = start;
  to[axis] = stop;
  return mx::slice(a, from, to);
}

/// Computes the pieces one by one and joins them. Each is evaluated at once: lazily, MLX's stream would allocate about twenty before the
/// first is done.
template <class Piece>
array joined(int count, int step, int axis, Piece&& piece) {
  std::vector<array> pieces;
  for (int start = 0; start < count; start += step) {
    pieces.push_back(piece(start, std::min(start + step, count)));
    pieces.back().eval();
  }
  return mx::concatenate(std::move(pieces), axis);
}

int steps_within(int64_t bytes_per_row, int count) {
  return static_cast<int>(std::clamp<int64_t>(piece_bytes / std::max<int64_t>(bytes_per_row, 1), 1, std::max(count, 1)));
}

/// One take for each tap.
array along(const array& x, int axis, const TapTable& table) {
  if (!table.count) return x;
  mx::Shape shape(x.ndim(), 1);
  shape[axis] = table.size;
  std::optional<array> sum;
  for (int k = 0; k < table.count; k++) {
    std::vector<int> indices(table.size);
    std::vector<float> weights(table.size);
    for (int i = 0; i < table.size; i++) {
      indices[i] = table.indices[i * table.count + k];
      weights[i] = table.weights[i * table.count + k];
    }
    const auto all = [&](float value) { return std::all_of(weights.begin(), weights.end(), [=](float w) { return w == value; }); };
    if (all(0) && (sum || k + 1 < table.count)) continue;
    auto term = mx::take(x, array(indices.data(), {table.size}, mx::int32), axis);
    if (!all(1)) term = mx::multiply(term, mx::astype(array(weights.data(), shape, mx::float32), x.dtype()));
    sum = sum ? mx::add(*sum, term) : term;
  }
  return *sum;
}

}  // namespace

array resample_by_taking(const array& x, const TapTable& down, const TapTable& across) { return along(along(x, 1, down), 2, across); }

array conv2d_whole(const array& x, const array& weight, const Conv2d& conv) {
  const auto both = [](std::pair<int, int> p) { return std::vector<int>{p.first, p.second}; };
  if (conv.low == conv.high) return mx::conv2d(x, weight, conv.stride, conv.low, conv.dilation, conv.groups);
  // MLX's Winograd on Metal pads behind only as much as in front, and would read past the end.
  const auto more = [](int low, int high) { return low < 0 ? 0 : std::max(high - low, 0); };
  if (const int down = more(conv.low.first, conv.high.first), across = more(conv.low.second, conv.high.second);
      x.ndim() == 4 && down + across > 0) {
    auto rest = conv;
    rest.high.first -= down;
    rest.high.second -= across;
    return conv2d_whole(mx::pad(x, std::vector<int>{1, 2}, mx::Shape{0, 0}, mx::Shape{down, across}, array(0, x.dtype())), weight, rest);
  }
  return mx::conv_general(x, weight, both(conv.stride), both(conv.low), both(conv.high), both(conv.dilation), {1, 1}, conv.groups);
}

array conv2d_in_strips(const array& x, const array& weight, const Conv2d& conv) {
  const auto whole = [&] { return conv2d_whole(x, weight, conv); };
  if (x.ndim() != 4 || weight.ndim() != 4) return whole();  // MLX reports the error
  const int kernel_h = weight.shape(1), kernel_w = weight.shape(2), channels = weight.shape(3);
  const std::pair none{0, 0};
  const bool pointwise =
      kernel_h == 1 && kernel_w == 1 && conv.groups == 1 && conv.stride == std::pair{1, 1} && conv.low == none && conv.high == none;
  if (pointwise && x.shape(3) == channels) { return mx::matmul(x, mx::transpose(mx::reshape(weight, {weight.shape(0), channels}))); }
  const int height = x.shape(1);
  const int reach = (kernel_h - 1) * conv.dilation.first + 1;
  const int out_h = (height + conv.low.first + conv.high.first - reach) / conv.stride.first + 1;
  const int out_w = (x.shape(2) + conv.low.second + conv.high.second - (kernel_w - 1) * conv.dilation.second - 1) / conv.stride.second + 1;
  if (out_h <= 1 || out_w <= 0) return whole();
  const int step = steps_within(int64_t{4} * x.shape(0) * out_w * kernel_h * kernel_w * x.shape(3), out_h);
  if (step >= out_h) return whole();
  return joined(out_h, step, 1, [&](int start, int stop) {
    const int first = start * conv.stride.first - conv.low.first;
    const int last = (stop - 1) * conv.stride.first - conv.low.first + reach;
    // A strip may lie wholly in the padding, hence the second clamp.
    const int from = std::clamp(first, 0, height - 1), to = std::clamp(last, from + 1, height);
    auto part = conv;
    part.low.first = from - first;
    part.high.first = last - to;
    return conv2d_whole(rows(x, 1, from, to), weight, part);
  });
}

array attention_whole(const array& q, const array& k, const array& v, const Attention& attention) {
  return mx::fast::scaled_dot_product_attention(q, k, v, attention.scale,
                                                attention.causal ? "causal"
                                                : attention.mask ? "array"
                                                                 : "",
                                                attention.mask);
}

array attention_by_rows(const array& q, const array& k, const array& v, const Attention& attention) {
  if (q.ndim() != 4 || k.ndim() != 4 || v.ndim() != 4) return attention_whole(q, k, v, attention);
  const int queries = q.shape(2), keys = k.shape(2);
  const int step = steps_within(int64_t{4} * q.shape(0) * q.shape(1) * keys, queries);
  if (step >= queries || (attention.causal && keys < queries)) return attention_whole(q, k, v, attention);
  return joined(queries, step, 2, [&](int start, int stop) {
    auto some = rows(q, 2, start, stop);
    if (attention.causal) {
      const int seen = keys - queries + stop;
      return attention_whole(some, rows(k, 2, 0, seen), rows(v, 2, 0, seen), attention);
    }
    auto part = attention;
    if (part.mask && part.mask->ndim() >= 2 && part.mask->shape(-2) == queries) {
      part.mask = rows(*part.mask, static_cast<int>(part.mask->ndim()) - 2, start, stop);
    }
    return attention_whole(some, k, v, part);
  });
}

}  // namespace easel
