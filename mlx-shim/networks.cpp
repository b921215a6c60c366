// Layers of networks beyond single ops. On Metal these are MLX's own; on the CPU, attention and convolution run in pieces so that memory
// stays bounded, and the kernels (linux/ops.h) take over what they cover.
#include <cmath>
#include <functional>

#include "linux/ops.h"
#include "handle.h"
#include "bounded.h"

using namespace easel;

namespace {

array half_as_float(const array& a) { return a.dtype() == mx::float32 ? a : mx::astype(a, mx::float32); }

// 1 + erf loses the tail in half precision, so it is computed in float32, as in PyTorch.
array gelu(const array& a) {
  auto x = half_as_float(a);
  auto y = mx::multiply(mx::multiply(x, array(0.5f)), mx::add(array(1.0f), mx::erf(mx::multiply(x, array(static_cast<float>(M_SQRT1_2))))));
  return mx::astype(y, a.dtype());
}

array gelu_tanh(const array& a) {
  auto x = half_as_float(a);
  auto cube = mx::multiply(mx::square(x), x);
  auto inner = mx::multiply(array(static_cast<float>(std::sqrt(2.0 / M_PI))), mx::add(x, mx::multiply(array(0.044715f), cube)));
  auto y = mx::multiply(mx::multiply(x, array(0.5f)), mx::add(array(1.0f), mx::tanh(inner)));
  return mx::astype(y, a.dtype());
}

// MLX divides by these before it validates them, and a division by zero ends the process.
void at_least_one(const int32_t* values, int64_t n, const char* what) {
  for (int64_t i = 0; i < n; i++) {
    if (values[i] < 1) throw std::invalid_argument(std::string(what) + " must be at least 1, and one is " + std::to_string(values[i]));
  }
}

// The same holds here.
void known_kind(int group_size, int bits) {
  const bool known = (group_size == 32 || group_size == 64 || group_size == 128) && bits >= 2 && bits <= 8 && bits != 7;
  if (!known) {
    throw std::invalid_argument("[quantize] there are no " + std::to_string(bits) + " bits in groups of " + std::to_string(group_size));
  }
}

// Channels last. Groups are runs of neighbouring channels, as in PyTorch.
array group_norm(const array& x, const std::optional<array>& weight, const std::optional<array>& bias, int groups, float eps) {
  if (x.ndim() < 2) throw std::invalid_argument("[group_norm] needs a batch axis and a channel axis");
  const int batch = x.shape(0), channels = x.shape(-1);
  if (groups <= 0 || channels % groups) {
    throw std::invalid_argument("[group_norm] " + std::to_string(channels) + " channels do not divide into " + std::to_string(groups) +
                                " groups");
  }
  auto grouped = mx::transpose(mx::reshape(x, {batch, -1, groups, channels / groups}), {0, 2, 1, 3});
  auto shape = grouped.shape();
  auto normal = mx::fast::layer_norm(mx::reshape(grouped, {batch, groups, -1}), std::nullopt, std::nullopt, eps);
  auto y = mx::reshape(mx::transpose(mx::reshape(normal, shape), {0, 2, 1, 3}), x.shape());
  if (weight) y = mx::multiply(y, *weight);
  if (bias) y = mx::add(y, *bias);
  return y;
}

array relu(const array& a) { return mx::maximum(a, array(0.0f, a.dtype())); }

array silu(const array& a) { return mx::multiply(a, mx::sigmoid(a)); }

/// Our kernel if it is on and covers the call, else MLX's op. The one place that decides.
template <class Ours, class Theirs>
easel_array* ours_or(Ours&& ours, Theirs&& theirs) {
  return make([&]() -> array {
    if (on_cpu()) {
      if (auto y = ours()) return std::move(*y);
    }
    return theirs();
  });
}

/// Fuses an elementwise function into one kernel on a GPU. On the CPU, MLX would call a C++ compiler for it.
template <array (*function)(const array&)>
array fused(const array& a) {
  if (on_cpu()) return function(a);
  using Function = std::function<std::vector<array>(const std::vector<array>&)>;
  // Never destroyed: MLX's own statics may be gone by the time a thread ends.
  static thread_local const auto* compiled =
      new Function(mx::compile(Function([](const std::vector<array>& inputs) { return std::vector<array>{function(inputs[0])}; }), true));
  return (*compiled)({a})[0];
}

array activate(cpu::Activation activation, const array& y) {
  switch (activation) {
    case cpu::Activation::gelu:
      return fused<gelu>(y);
    case cpu::Activation::gelu_tanh:
      return fused<gelu_tanh>(y);
    case cpu::Activation::relu:
      return relu(y);
    default:
      return fused<silu>(y);
  }
}

/// A weight with its packing, or -1, and its outputs and inputs, which only a packed one states.
cpu::Matrix matrix_of(easel_array* weight, const int32_t* options, const char* who) {
  const bool packed = options[0] >= 0;
  if (!packed && at(weight).ndim() != 2) throw std::invalid_argument(std::string(who) + " a weight is a matrix");
  return {at(weight), options[0], packed ? options[1] : at(weight).shape(0), packed ? options[2] : at(weight).shape(1)};
}

cpu::Form form_of(int32_t number) {
  if (number < 0 || number >= static_cast<int>(cpu::Form::count))
    throw std::invalid_argument("[packing] there is no form " + std::to_string(number));
  return static_cast<cpu::Form>(number);
}

bool activation_known(int32_t number) { return number >= 0 && number < static_cast<int>(cpu::Activation::count); }

/// Applies the part of the epilogue after the bias.
array finished(array y, const cpu::ArrayEpilogue& epilogue) {
  if (epilogue.activation != cpu::Activation::none) y = activate(epilogue.activation, y);
  if (epilogue.scale) y = mx::multiply(y, *epilogue.scale);
  return epilogue.residual ? mx::add(*epilogue.residual, y) : y;
}

/// x Wᵀ + b where no kernel covers all of it. For a packed weight, other types of x are widened to float32.
array product(const array& x, const cpu::Matrix& weight, const std::optional<array>& bias) {
  if (weight.packing < 0) {
    auto columns = mx::transpose(weight.data);
    return bias ? mx::addmm(*bias, x, columns) : mx::matmul(x, columns);
  }
  auto y = cpu::linear(half_as_float(x), weight, {});
  if (!y)
    throw std::invalid_argument("[linear] the weight is packed for " + std::to_string(weight.inputs) +
                                " inputs, and the shapes do not match");
  return mx::astype(bias ? mx::add(*y, *bias) : *y, x.dtype());
}

}  // namespace

easel_array* easel_matmul(easel_array* a, easel_array* b) {
  return make([&] { return mx::matmul(at(a), at(b)); });
}

easel_array* easel_addmm(easel_array* c, easel_array* a, easel_array* b, double alpha, double beta) {
  return make([&] { return mx::addmm(at(c), at(a), at(b), static_cast<float>(alpha), static_cast<float>(beta)); });
}

int32_t easel_packing(int32_t form) {
  return guarded([=] { return on_cpu() ? cpu::packing(form_of(form)) : -1; });
}

easel_array* easel_pack(easel_array* weight, int32_t packing) {
  return make([&] { return cpu::pack(at(weight), packing); });
}

// options: the weight's packing, or -1, its outputs and inputs, and the activation.
easel_array* easel_linear(easel_array* x, easel_array* weight, easel_array* bias, easel_array* scale, easel_array* residual,
                          const int32_t* options, int64_t n) {
  return make([&]() -> array {
    if (n != 4 || !activation_known(options[3])) throw std::invalid_argument("[linear] four options expected, and a known activation");
    const auto matrix = matrix_of(weight, options, "[linear]");
    const cpu::ArrayEpilogue epilogue{maybe(bias), static_cast<cpu::Activation>(options[3]), maybe(scale), maybe(residual)};
    if (on_cpu()) {
      if (auto y = cpu::linear(at(x), matrix, epilogue)) return std::move(*y);
    }
    return finished(product(at(x), matrix, epilogue.bias), epilogue);
  });
}

easel_array* easel_gated(easel_array* gate, easel_array* x) {
  return ours_or([&] { return cpu::gated(at(gate), at(x)); }, [&] { return mx::multiply(fused<silu>(at(gate)), at(x)); });
}

// options: stride, padding before, padding after and dilation, rows before columns; groups; whether to convolve relu(x); the activation.
easel_array* easel_conv2d(easel_array* x, easel_array* weight, easel_array* bias, easel_array* residual, const int32_t* options,
                          int64_t n) {
  return make([&]() -> array {
    if (n != 11 || !activation_known(options[10])) throw std::invalid_argument("[conv2d] eleven options expected, and a known activation");
    at_least_one(options, 2, "[conv2d] strides");
    at_least_one(options + 6, 2, "[conv2d] dilations");
    at_least_one(options + 8, 1, "[conv2d] groups");
    const Conv2d conv{{options[0], options[1]}, {options[2], options[3]}, {options[4], options[5]}, {options[6], options[7]}, options[8]};
    const bool rectified = options[9] != 0;
    const cpu::ArrayEpilogue epilogue{maybe(bias), static_cast<cpu::Activation>(options[10]), std::nullopt, maybe(residual)};
    if (on_cpu()) {
      if (auto y = cpu::conv2d(at(x), rectified, at(weight), epilogue, conv)) return std::move(*y);
    }
    const auto from = rectified ? relu(at(x)) : at(x);
    auto y = on_cpu() ? conv2d_in_strips(from, at(weight), conv) : conv2d_whole(from, at(weight), conv);
    return finished(bias ? mx::add(y, at(bias)) : y, epilogue);
  });
}

// options: the weight's packing, or -1, its outputs and inputs, and the kernel.
easel_array* easel_deconv2d(easel_array* x, easel_array* weight, easel_array* bias, const int32_t* options, int64_t n) {
  return make([&]() -> array {
    if (n != 4) throw std::invalid_argument("[deconv2d] four options expected");
    at_least_one(options + 3, 1, "[deconv2d] kernels");
    const auto matrix = matrix_of(weight, options, "[deconv2d]");
    const int kernel = options[3];
    const int64_t places = int64_t{kernel} * kernel;
    if (at(x).ndim() != 4 || matrix.outputs % places)
      throw std::invalid_argument("[deconv2d] needs [batch, rows, columns, channels], and a matrix of whole kernels");
    if (on_cpu()) {
      if (auto y = cpu::deconv2d(at(x), matrix, kernel, maybe(bias))) return std::move(*y);
    }
    const int batch = at(x).shape(0), height = at(x).shape(1), width = at(x).shape(2), outputs = static_cast<int>(matrix.outputs / places);
    auto pixels = mx::reshape(product(at(x), matrix, std::nullopt), {batch, height, width, kernel, kernel, outputs});
    auto y = mx::reshape(mx::transpose(pixels, {0, 1, 3, 2, 4, 5}), {batch, height * kernel, width * kernel, outputs});
    return bias ? mx::add(y, at(bias)) : y;
  });
}

// options: for every spatial axis the stride, then the padding before, the padding after, the kernel's and the input's dilation.
easel_array* easel_conv_general(easel_array* x, easel_array* weight, const int32_t* options, int64_t n, int32_t groups, int32_t flip) {
  return make([&] {
    const int64_t spatial = static_cast<int64_t>(at(x).ndim()) - 2;
    if (spatial < 1 || n != 5 * spatial) throw std::invalid_argument("[conv_general] the options do not fit the number of axes");
    at_least_one(options, spatial, "[conv_general] strides");
    at_least_one(options + 3 * spatial, 2 * spatial, "[conv_general] dilations");
    at_least_one(&groups, 1, "[conv_general] groups");
    auto part = [&](int i) { return ints(options + i * spatial, spatial); };
    return mx::conv_general(at(x), at(weight), part(0), part(1), part(2), part(3), part(4), groups, flip != 0);
  });
}

easel_array* easel_sdpa(easel_array* q, easel_array* k, easel_array* v, easel_array* mask, double scale, int32_t causal) {
  return make([&]() -> array {
    if (mask && causal) throw std::invalid_argument("[sdpa] a mask and causal exclude each other");
    const Attention attention{static_cast<float>(scale), maybe(mask), causal != 0};
    if (on_cpu()) {
      if (auto y = cpu::sdpa(at(q), at(k), at(v), attention)) return std::move(*y);
    }
    return on_cpu() ? attention_by_rows(at(q), at(k), at(v), attention) : attention_whole(at(q), at(k), at(v), attention);
  });
}

easel_array* easel_softmax(easel_array* a, int32_t axis) {
  return ours_or([&] { return cpu::softmax(at(a), axis); }, [&] { return mx::softmax(at(a), axis, true); });
}

easel_array* easel_layer_norm(easel_array* x, easel_array* weight, easel_array* bias, double eps) {
  return ours_or([&] { return cpu::layer_norm(at(x), maybe(weight), maybe(bias), static_cast<float>(eps)); },
                 [&] { return mx::fast::layer_norm(at(x), maybe(weight), maybe(bias), static_cast<float>(eps)); });
}

easel_array* easel_rms_norm(easel_array* x, easel_array* weight, double eps) {
  return ours_or([&] { return cpu::rms_norm(at(x), maybe(weight), static_cast<float>(eps)); },
                 [&] { return mx::fast::rms_norm(at(x), maybe(weight), static_cast<float>(eps)); });
}

easel_array* easel_group_norm(easel_array* x, easel_array* weight, easel_array* bias, int32_t groups, double eps) {
  return ours_or([&] { return cpu::group_norm(at(x), maybe(weight), maybe(bias), groups, static_cast<float>(eps)); },
                 [&] { return group_norm(at(x), maybe(weight), maybe(bias), groups, static_cast<float>(eps)); });
}

// sizes: outputs and taps of the rows, then of the columns; an axis with no taps is unchanged, and its tables may be null.
easel_array* easel_resample(easel_array* x, const int32_t* rows, const float* row_weights, const int32_t* columns,
                            const float* column_weights, const int32_t* sizes, int64_t n) {
  return make([&]() -> array {
    if (n != 4 || at(x).ndim() != 4) throw std::invalid_argument("[resample] needs [batch, rows, columns, channels] and four sizes");
    const auto table = [&](int axis, const int32_t* indices, const float* weights, const int32_t* size) {
      TapTable made{{}, {}, size[0], size[1]};
      if (made.count < 0 || (made.count > 0 && made.size < 1)) throw std::invalid_argument("[resample] a table is empty");
      const int64_t entries = int64_t{made.size} * made.count;
      made.indices.assign(indices, indices + entries);
      made.weights.assign(weights, weights + entries);
      for (int index : made.indices) {
        if (index < 0 || index >= at(x).shape(axis))
          throw std::invalid_argument("[resample] a table asks for " + std::to_string(index) + " of an axis of " +
                                      std::to_string(at(x).shape(axis)));
      }
      return made;
    };
    const auto down = table(1, rows, row_weights, sizes), across = table(2, columns, column_weights, sizes + 2);
    if (!down.count && !across.count) return at(x);
    if (on_cpu()) {
      if (auto y = cpu::resample(at(x), down, across)) return std::move(*y);
    }
    return resample_by_taking(at(x), down, across);
  });
}

easel_array* easel_gelu(easel_array* a) {
  return ours_or([&] { return cpu::gelu(at(a)); }, [&] { return fused<gelu>(at(a)); });
}

easel_array* easel_gelu_tanh(easel_array* a) {
  return ours_or([&] { return cpu::gelu_tanh(at(a)); }, [&] { return fused<gelu_tanh>(at(a)); });
}

easel_array* easel_silu(easel_array* a) {
  return ours_or([&] { return cpu::silu(at(a)); }, [&] { return fused<silu>(at(a)); });
}

easel_list* easel_quantize(easel_array* w, int32_t group_size, int32_t bits) {
  return guarded([&] {
    known_kind(group_size, bits);
    return reinterpret_cast<easel_list*>(new List{mx::quantize(at(w), group_size, bits)});
  });
}

easel_array* easel_dequantize(easel_array* w, easel_array* scales, easel_array* biases, int32_t group_size, int32_t bits) {
  return make([&] {
    known_kind(group_size, bits);
    return mx::dequantize(at(w), at(scales), maybe(biases), group_size, bits);
  });
}

// MLX's own quantized product is scalar on the CPU: unpacking the matrix first is many times faster.
easel_array* easel_quantized_linear(easel_array* x, easel_array* w, easel_array* scales, easel_array* biases, easel_array* bias,
                                    int32_t group_size, int32_t bits, int32_t form) {
  const auto ours = [&] {
    known_kind(group_size, bits);
    return cpu::quantized_linear(at(x), at(w), at(scales), at(biases), maybe(bias), {group_size, bits, form_of(form)});
  };
  return ours_or(ours, [&] {
    known_kind(group_size, bits);
    auto y = on_cpu() ? mx::matmul(at(x), mx::transpose(mx::dequantize(at(w), at(scales), at(biases), group_size, bits)))
                      : mx::quantized_matmul(at(x), at(w), at(scales), at(biases), true, group_size, bits);
    return bias ? mx::add(y, at(bias)) : y;
  });
}

easel_array* easel_quantized_matmul(easel_array* x, easel_array* w, easel_array* scales, easel_array* biases, int32_t transpose,
                                    int32_t group_size, int32_t bits) {
  return make([&] {
    known_kind(group_size, bits);
    return mx::quantized_matmul(at(x), at(w), at(scales), maybe(biases), transpose != 0, group_size, bits);
  });
}
