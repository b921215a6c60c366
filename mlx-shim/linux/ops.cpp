#ifdef __linux__
#include "node.h"

#include <cstdlib>
#include <cstring>
#include <utility>

#include "kernels/pool.h"

namespace easel::cpu {

namespace {

using Elementwise = void (*)(const float*, long, float*);

Maybe elementwise(Op op, const array& x, Elementwise Kernels::* which) {
  const auto* k = kernels();
  if (!k || !plain(x)) return uncovered(op);
  return node(op, x.shape(), {mx::contiguous(x)}, [f = k->*which](auto& in, array& out, auto&) -> Task {
    return [f, from = in[0].template data<float>(), n = static_cast<long>(in[0].size()), to = out.data<float>()] { f(from, n, to); };
  });
}

/// Half precision is computed in single and rounded once, at the end.
Maybe widened(Op op, const array& x, Elementwise Kernels::* which) {
  if (x.dtype() != mx::float16 && x.dtype() != mx::bfloat16) return elementwise(op, x, which);
  auto y = elementwise(op, mx::astype(x, mx::float32), which);
  return y ? Maybe(mx::astype(*y, x.dtype())) : y;
}

Strided strided(const array& a) {
  const auto& s = a.strides();
  return {a.data<float>(), static_cast<long>(s[0]), static_cast<long>(s[1]), static_cast<long>(s[2]), static_cast<long>(s[3])};
}

}  // namespace

void open() {
  const char* wanted = std::getenv("EASEL_CPU_KERNELS");
  dispatch(wanted ? wanted : "");
}
void use(const char* name) { dispatch(name ? name : ""); }
bool has_bfloat16() { return bfloat16_built_in(); }
bool has_integer() { return integer_products() != nullptr; }
const char* chosen_name() { return kernels() ? kernels()->name : "off"; }

Maybe gelu(const array& x) { return widened(Op::gelu, x, &Kernels::gelu); }
Maybe gelu_tanh(const array& x) { return widened(Op::gelu_tanh, x, &Kernels::gelu_tanh); }
Maybe silu(const array& x) { return elementwise(Op::silu, x, &Kernels::silu); }

Maybe softmax(const array& x, int axis) {
  const auto* k = kernels();
  const int ndim = static_cast<int>(x.ndim());
  if (!k || !plain(x) || ndim == 0 || (axis != -1 && axis != ndim - 1)) return uncovered(Op::softmax);
  return node(Op::softmax, x.shape(), {mx::contiguous(x)}, [k](auto& in, array& out, auto&) -> Task {
    const long n = in[0].shape(-1), rows = static_cast<long>(in[0].size()) / n;
    return [=, from = in[0].template data<float>(), to = out.data<float>()] { k->softmax(from, rows, n, to); };
  });
}

Maybe layer_norm(const array& x, const Maybe& weight, const Maybe& bias, float eps) {
  const auto* k = kernels();
  if (!k || !plain(x) || x.ndim() == 0 || !vector_of(weight, x.shape(-1)) || !vector_of(bias, x.shape(-1)))
    return uncovered(Op::layer_norm);
  Inputs inputs;
  inputs.add(x);
  const int w = inputs.add(weight), b = inputs.add(bias);
  return node(Op::layer_norm, x.shape(), std::move(inputs.list), [=](auto& in, array& out, auto&) -> Task {
    const long n = in[0].shape(-1), rows = static_cast<long>(in[0].size()) / n;
    return [=, from = at(in, 0), weight = at(in, w), bias = at(in, b), to = out.data<float>()] {
      k->layer_norm(from, weight, bias, rows, n, eps, to);
    };
  });
}

Maybe rms_norm(const array& x, const Maybe& weight, float eps) {
  const auto* k = kernels();
  if (!k || !plain(x) || x.ndim() == 0 || !vector_of(weight, x.shape(-1))) return uncovered(Op::rms_norm);
  Inputs inputs;
  inputs.add(x);
  const int w = inputs.add(weight);
  return node(Op::rms_norm, x.shape(), std::move(inputs.list), [=](auto& in, array& out, auto&) -> Task {
    const long n = in[0].shape(-1), rows = static_cast<long>(in[0].size()) / n;
    return [=, from = at(in, 0), weight = at(in, w), to = out.data<float>()] { k->rms_norm(from, weight, rows, n, eps, to); };
  });
}

Maybe group_norm(const array& x, const Maybe& weight, const Maybe& bias, int groups, float eps) {
  const auto* k = kernels();
  const bool shaped = x.ndim() >= 2 && groups > 0 && x.shape(-1) % groups == 0;
  if (!k || !shaped || !plain(x) || !vector_of(weight, x.shape(-1)) || !vector_of(bias, x.shape(-1))) return uncovered(Op::group_norm);
  Inputs inputs;
  inputs.add(x);
  const int w = inputs.add(weight), b = inputs.add(bias);
  return node(Op::group_norm, x.shape(), std::move(inputs.list), [=](auto& in, array& out, auto&) -> Task {
    const long batch = in[0].shape(0), channels = in[0].shape(-1), pixels = static_cast<long>(in[0].size()) / batch / channels;
    return [=, from = at(in, 0), weight = at(in, w), bias = at(in, b), to = out.data<float>()] {
      k->group_norm(from, weight, bias, batch, pixels, channels, groups, eps, to);
    };
  });
}

/// Stride between rows of the last axis, if it is uniform and rows are contiguous.
std::optional<long> apart(const array& a) {
  const int last = a.ndim() - 1;
  if (a.strides()[last] != 1 && a.shape(last) > 1) return {};
  std::optional<long> step;  // of the innermost axis longer than one
  long next = 0;             // expected stride of the enclosing axis
  for (int i = last - 1; i >= 0; i--) {
    if (a.shape(i) == 1) continue;
    const long stride = static_cast<long>(a.strides()[i]);
    if (!step) step = next = stride;
    else if (stride != next) return {};
    next *= a.shape(i);
  }
  return step.value_or(0);
}

/// A contiguous copy.
const float* gathered(const array& a, mx::cpu::CommandEncoder& encoder, std::vector<Task>& before) {
  auto* to = temporary(encoder, static_cast<int64_t>(a.size()));
  before.push_back([from = a.data<float>(), shape = a.shape(), strides = a.strides(), size = static_cast<long>(a.size()), to] {
    const long n = shape.empty() ? 1 : shape.back(), step = shape.empty() ? 1 : strides.back(), run = std::max(1L, 4096 / n),
               rows = size / n;
    parallel((rows + run - 1) / run, [&, from, to, n, step, run, rows](long item) {
      for (long row = item * run; row < std::min(rows, (item + 1) * run); row++) {
        long rest = row, offset = 0;
        for (int axis = static_cast<int>(shape.size()) - 2; axis >= 0; axis--)
          offset += rest % shape[axis] * strides[axis], rest /= shape[axis];
        for (long i = 0; i < n; i++) to[row * n + i] = from[offset + i * step];
      }
    });
  });
  return to;
}

/// The array itself if it is contiguous: MLX would copy a slice of a larger array even then.
const float* close(const array& a, mx::cpu::CommandEncoder& encoder, std::vector<Task>& before) {
  return a.flags().row_contiguous ? a.data<float>() : gathered(a, encoder, before);
}

Maybe resample(const array& x, const TapTable& down, const TapTable& across) {
  const auto* k = kernels();
  if (!k || !plain(x) || x.ndim() != 4) return uncovered(Op::resample);
  auto shape = x.shape();
  if (down.count) shape[1] = down.size;
  if (across.count) shape[2] = across.size;
  return node(Op::resample, std::move(shape), {x}, [=](auto& in, array& out, auto& encoder) -> Task {
    const auto& s = in[0].shape();
    std::vector<Task> before;
    const float* from = close(in[0], encoder, before);
    return [=, batch = s[0], height = s[1], width = s[2], channels = s[3], to = out.data<float>()] {
      for (const auto& task : before) task();
      const auto taps = [](const TapTable& table) { return Taps{table.indices.data(), table.weights.data(), table.size, table.count}; };
      k->resample(from, batch, height, width, channels, taps(down), taps(across), to);
    };
  });
}

/// The halves of one tensor are read in place.
Maybe gated(const array& gate, const array& x) {
  const auto* k = kernels();
  if (!k || !plain(gate) || !plain(x) || gate.ndim() == 0 || gate.shape() != x.shape()) return uncovered(Op::gated);
  return node(Op::gated, x.shape(), {gate, x}, [k](auto& in, array& out, auto& encoder) -> Task {
    const long n = in[0].shape(-1), rows = static_cast<long>(in[0].size()) / n;
    std::vector<Task> before;
    const float* from[2];
    long step[2];
    for (int i = 0; i < 2; i++) {
      const auto place = apart(in[i]);
      from[i] = place ? in[i].template data<float>() : gathered(in[i], encoder, before);
      step[i] = place.value_or(n);
    }
    return [=, a = from[0], b = from[1], lda = step[0], ldb = step[1], to = out.data<float>()] {
      for (const auto& task : before) task();
      k->gated(a, lda, b, ldb, rows, n, to);
    };
  });
}

Maybe conv2d(const array& x, bool rectified, const array& weight, const ArrayEpilogue& epilogue, const Conv2d& conv) {
  const auto* k = kernels();
  if (!k || x.ndim() != 4 || weight.ndim() != 4 || conv.groups != 1 || weight.shape(3) != x.shape(3)) return uncovered(Op::conv2d);
  const bool pads = std::min({conv.low.first, conv.low.second, conv.high.first, conv.high.second}) >= 0;
  if (!plain(x) || !plain(weight) || !vector_of(epilogue.bias, weight.shape(0)) || !vector_of(epilogue.scale, weight.shape(0)) || !pads)
    return uncovered(Op::conv2d);
  Convolution c{};
  c.batch = x.shape(0), c.height = x.shape(1), c.width = x.shape(2), c.channels = x.shape(3);
  c.outputs = weight.shape(0), c.kernel_h = weight.shape(1), c.kernel_w = weight.shape(2);
  c.rectified = rectified;
  std::tie(c.stride_h, c.stride_w) = conv.stride;
  std::tie(c.pad_h, c.pad_w) = conv.low;
  std::tie(c.dilation_h, c.dilation_w) = conv.dilation;
  const long span_h = c.height + c.pad_h + conv.high.first - (c.kernel_h - 1) * c.dilation_h - 1,
             span_w = c.width + c.pad_w + conv.high.second - (c.kernel_w - 1) * c.dilation_w - 1;
  if (span_h < 0 || span_w < 0) return uncovered(Op::conv2d);
  c.out_h = span_h / c.stride_h + 1, c.out_w = span_w / c.stride_w + 1;
  const mx::Shape shape{x.shape(0), static_cast<int>(c.out_h), static_cast<int>(c.out_w), weight.shape(0)};
  if (epilogue.residual && (!plain(*epilogue.residual) || epilogue.residual->shape() != shape)) return uncovered(Op::conv2d);
  const bool square = c.kernel_h == 3 && c.kernel_w == 3 && conv.stride == std::pair{1, 1} && conv.dilation == std::pair{1, 1};
  // With fewer, the transform costs more than it saves, also in memory for many channels and few pixels. The choice is the same on
  // every processor.
  const long pixels = c.batch * c.out_h * c.out_w;
  const bool winograd = square && c.channels >= 8 && c.outputs >= 8 && pixels >= 64 && 2 * pixels >= c.channels;
  Inputs inputs;
  inputs.list = {x};
  inputs.add(weight);
  const int bias = inputs.add(epilogue.bias), scale = inputs.add(epilogue.scale),
            residual = epilogue.residual ? static_cast<int>(inputs.list.size()) : -1;
  if (epilogue.residual) inputs.list.push_back(*epilogue.residual);
  const auto activation = epilogue.activation;
  return node(Op::conv2d, shape, std::move(inputs.list), [=](auto& in, array& out, auto& encoder) -> Task {
    auto own = c;
    std::vector<Task> before;
    const float* from = at(in, 0);
    const auto& strides = in[0].strides();
    if (strides[3] == 1 || c.channels == 1) {
      own.image = strides[0], own.row = strides[1], own.pixel = strides[2];
    } else {
      from = gathered(in[0], encoder, before);
      own.pixel = c.channels, own.row = c.width * own.pixel, own.image = c.height * own.row;
    }
    const long deep = c.kernel_h * c.kernel_w * c.channels;
    const Epilogue epilogue{at(in, bias), activation, at(in, scale), residual < 0 ? nullptr : close(in[residual], encoder, before)};
    auto* packed = temporary(encoder, winograd ? k->winograd_size(c.outputs, c.channels) : k->convolution_size(c.outputs, deep));
    return [=, weight = at(in, 1), to = out.data<float>()] {
      for (const auto& task : before) task();
      if (winograd) {
        k->winograd_weight(weight, c.outputs, c.channels, packed);
        k->winograd(from, packed, epilogue, own, to);
      } else {
        k->convolution_weight(weight, c.outputs, deep, packed);
        k->convolution(from, packed, epilogue, own, to);
      }
    };
  });
}

/// Multiplies as many rows of pixels as stay in a cache, then scatters their parts to the output.
Maybe deconv2d(const array& x, const Matrix& weight, int kernel, const Maybe& bias) {
  const bool packed = weight.packing >= 0;
  const auto* k = packed ? kernels_at(weight.packing) : kernels();
  const long places = static_cast<long>(kernel) * kernel;
  const bool shaped = x.ndim() == 4 && x.shape(3) == weight.inputs && weight.outputs % places == 0 && (packed || weight.data.ndim() == 2);
  const int outputs = static_cast<int>(weight.outputs / places);
  if (!k || !shaped || !plain(x) || !plain(weight.data) || !vector_of(bias, outputs)) return uncovered(Op::deconv2d);
  Inputs inputs;
  inputs.list = {x};
  inputs.add(weight.data);
  const int b = inputs.add(bias);
  const mx::Shape shape{x.shape(0), x.shape(1) * kernel, x.shape(2) * kernel, outputs};
  const long lines = static_cast<long>(x.shape(0)) * x.shape(1), width = x.shape(2), n = weight.outputs, deep = weight.inputs;
  return node(Op::deconv2d, shape, std::move(inputs.list), [=](auto& in, array& out, auto& encoder) -> Task {
    std::vector<Task> before;
    const auto place = apart(in[0]);
    const float* from = place ? at(in, 0) : gathered(in[0], encoder, before);
    const long ldx = place && lines * width > 1 ? *place : deep;
    constexpr long floats_at_once = 1 << 20;
    const long some = std::clamp(floats_at_once / (width * n), 1L, lines);
    auto* made = temporary(encoder, some * width * n);
    auto* arranged = packed ? nullptr : temporary(encoder, k->packed_size(n, deep));
    auto* tiled = bias ? temporary(encoder, n) : nullptr;
    auto* memory = temporary(encoder, k->product_memory(some * width, n, deep));
    return [=, weight = at(in, 1), bias = at(in, b), to = out.data<float>()] {
      for (const auto& task : before) task();
      if (!packed) k->pack(weight, deep, false, n, deep, arranged);
      for (long i = 0; bias && i < n; i++) tiled[i] = bias[i % outputs];
      Epilogue epilogue;
      epilogue.bias = tiled;
      const long run = kernel * outputs;  // of one row of output pixels
      for (long first = 0; first < lines; first += some) {
        const long count = std::min(some, lines - first);
        k->product(from + first * width * ldx, ldx, packed ? weight : arranged, epilogue, count * width, n, deep, memory, made, n);
        parallel(count * kernel, [=](long item) {
          const float* line = made + item / kernel * width * n + item % kernel * run;
          float* row = to + (first * kernel + item) * width * run;
          for (long i = 0; i < width; i++) std::memcpy(row + i * run, line + i * n, sizeof(float) * run);
        });
      }
    };
  });
}

Maybe sdpa(const array& q, const array& k, const array& v, const Attention& attention) {
  const auto* kernel = kernels();
  if (!kernel || q.ndim() != 4 || k.ndim() != 4 || v.ndim() != 4 || !plain(q) || !plain(k) || !plain(v)) return uncovered(Op::sdpa);
  AttentionShape s{q.shape(0), q.shape(1), k.shape(1), q.shape(2), k.shape(2), q.shape(3), v.shape(3), attention.scale, attention.causal};
  const bool fits = k.shape(0) == s.batch && v.shape(0) == s.batch && v.shape(1) == s.kv_heads && v.shape(2) == s.keys &&
                    k.shape(3) == s.width && s.heads % s.kv_heads == 0;
  if (!fits || s.width > 512 || s.value_width > 512 || (s.causal && s.keys < s.queries)) return uncovered(Op::sdpa);
  std::vector<array> inputs{q, k, v};
  if (attention.mask) {
    const auto& mask = *attention.mask;
    if (mask.dtype() != mx::bool_ && mask.dtype() != mx::float32) return uncovered(Op::sdpa);
    const mx::Shape full{q.shape(0), q.shape(1), q.shape(2), k.shape(2)};
    if (mask.ndim() > 4 || mx::broadcast_shapes(mask.shape(), full) != full) return uncovered(Op::sdpa);
    inputs.push_back(mx::broadcast_to(mask, full));
  }
  // Laid out as [batch, queries, heads, width], which is what every network needs next.
  const mx::Shape made{q.shape(0), q.shape(2), q.shape(1), v.shape(3)};
  auto y = node(Op::sdpa, made, std::move(inputs), [=](auto& in, array& out, auto& encoder) -> Task {
    Mask mask{};
    if (in.size() > 3) {
      const auto& t = in[3].strides();
      mask = {in[3].template data<void>(), static_cast<long>(t[0]), static_cast<long>(t[1]),
              static_cast<long>(t[2]),     static_cast<long>(t[3]), in[3].dtype() == mx::bool_};
    }
    auto* memory = temporary(encoder, kernel->attention_size(s));
    return [=, q = strided(in[0]), k = strided(in[1]), v = strided(in[2]), to = out.data<float>()] {
      kernel->attention(q, k, v, mask, s, memory, to);
    };
  });
  return mx::transpose(*y, {0, 2, 1, 3});
}

}  // namespace easel::cpu
#endif
