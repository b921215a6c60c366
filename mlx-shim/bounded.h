// Attention and convolution on the CPU, where MLX holds every score and every im2col column at once: 29 GB of scores for a picture
// of 2044² in the largest depth network, 19 GB of columns for its last convolution. Here the output is computed in pieces of rows,
// eagerly.
#pragma once
#include <optional>
#include <utility>

#include "handle.h"

namespace easel {

/// Padding goes before the first row and column, and after the last ones.
struct Conv2d {
  std::pair<int, int> stride, low, high, dilation;
  int groups;
};

struct Attention {
  float scale;
  std::optional<array> mask;
  bool causal;
};

/// Resampling along one axis: each of `size` outputs is a weighted sum of `count` inputs. Count 0: the axis is unchanged.
struct TapTable {
  std::vector<int> indices;
  std::vector<float> weights;
  int size, count;
};

/// Resamples the rows and columns of [batch, rows, columns, channels].
array resample_by_taking(const array& x, const TapTable& down, const TapTable& across);

/// x is NHWC, the weight OHWI.
array conv2d_whole(const array& x, const array& weight, const Conv2d& conv);
array conv2d_in_strips(const array& x, const array& weight, const Conv2d& conv);

array attention_whole(const array& q, const array& k, const array& v, const Attention& attention);
array attention_by_rows(const array& q, const array& k, const array& v, const Attention& attention);

}  // namespace easel
