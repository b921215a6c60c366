// Linear layers: packed weights in their forms, and quantized ones.
#ifdef __linux__
#include <cstring>

#include "node.h"
#include "kernels/pool.h"

namespace easel::cpu {

namespace {

/// Rows of a weight that fill whole panels of every instruction set: they are packed by themselves.
constexpr long panel_rows = 32;
/// Floats of a weight that are widened or unpacked at a time; more where threads would have none of its rows.
constexpr long floats_at_once = 1 << 20;

long columns_at_once(long n, long deep) {
  constexpr long wide = 256;
  return std::min(n, std::max({wide, floats_at_once / std::max(deep, 1L) / wide * wide, panel_rows * threads()}));
}

/// Calls part(first, count) for every run of rows, on all threads.
template <class Part>
void by_runs(long n, const Part& part) {
  parallel((n + panel_rows - 1) / panel_rows, [&](long item) { part(item * panel_rows, std::min(panel_rows, n - item * panel_rows)); });
}

constexpr int form_bits = 8;
Form form_of(int packing) { return static_cast<Form>(packing >> form_bits); }
int number_of(int packing) { return packing & ((1 << form_bits) - 1); }

bool is_half(const array& a) { return a.dtype() == mx::float16 || a.dtype() == mx::bfloat16; }
Half half_of(const array& a) { return a.dtype() == mx::float16 ? Half::float16 : Half::bfloat16; }

/// More than 2³¹ in one axis would not fit into a shape. Every packed matrix is whole panels of rows of 16 numbers or more.
mx::Shape packed_shape(long numbers) { return {static_cast<int>((numbers + 15) / 16), 16}; }

array pack_floats(const array& weight, const Kernels* k) {
  const long n = weight.shape(0), deep = weight.shape(1);
  return *node(Op::pack, packed_shape(k->packed_size(n, deep)), {mx::contiguous(weight)}, [=](auto& in, array& out, auto&) -> Task {
    return [=, from = at(in, 0), to = out.data<float>()] { k->pack(from, deep, false, n, deep, to); };
  });
}

/// The order of packed floats, in the weight's own type.
array pack_halves(const array& weight, const Kernels* k) {
  const long n = weight.shape(0), deep = weight.shape(1);
  const auto shape = packed_shape(k->packed_size(n, deep));
  return node(Op::pack, shape, weight.dtype(), {mx::contiguous(weight)}, [=, type = half_of(weight)](auto& in, array& out, auto&) -> Task {
    return [=, from = in[0].template data<uint16_t>(), to = out.data<uint16_t>()] {
      const long each = k->packed_size(panel_rows, deep);
      by_runs(n, [=](long first, long count) {
        float *rows = scratch(panel_rows * deep + each), *packed = rows + panel_rows * deep;
        k->widen(from + first * deep, type, count * deep, rows);
        k->pack(rows, deep, false, count, deep, packed);
        k->narrow(packed, type, k->packed_size(count, deep), to + first / panel_rows * each);
      });
    };
  });
}

array pack_bfloat16(const array& weight, const Kernels* k, const Bfloat16* products) {
  const long n = weight.shape(0), deep = weight.shape(1);
  const auto shape = packed_shape(products->packed_size(n, deep));
  return node(Op::pack, shape, mx::uint32, {mx::contiguous(weight)}, [=](auto& in, array& out, auto&) -> Task {
    auto* to = out.data<uint32_t>();
    if (!is_half(in[0])) return [=, from = at(in, 0)] { products->pack(from, deep, n, deep, to); };
    return [=, from = in[0].template data<uint16_t>(), type = half_of(in[0])] {
      const long each = products->packed_size(panel_rows, deep);
      by_runs(n, [=](long first, long count) {
        float* rows = scratch(panel_rows * deep);
        k->widen(from + first * deep, type, count * deep, rows);
        products->pack(rows, deep, count, deep, to + first / panel_rows * each);
      });
    };
  });
}

Epilogue columns_from(const Epilogue& f, long first) {
  return {f.bias ? f.bias + first : nullptr, f.activation, f.scale ? f.scale + first : nullptr, f.residual ? f.residual + first : nullptr};
}

/// A weight of which some columns at a time are packed for a product, so that it never lies in memory unpacked.
template <class Pack, class Multiply>
Task by_columns(long n, long some, const Pack& pack, const Multiply& multiply) {
  return [=] {
    for (long first = 0; first < n; first += some) {
      const long count = std::min(some, n - first);
      by_runs(count, [=](long row, long here) { pack(first + row, here, row); });
      multiply(first, count);
    }
  };
}

/// The same where it is unpacked to packed floats.
template <class Unpack>
Task by_columns(const Kernels* k, const float* x, const Epilogue& epilogue, long m, long n, long deep, mx::cpu::CommandEncoder& encoder,
                float* out, const Unpack& unpack) {
  const long some = columns_at_once(n, deep);
  auto* packed = temporary(encoder, k->packed_size(some, deep));
  auto* memory = temporary(encoder, k->product_memory(m, some, deep));
  return by_columns(
      n, some,
      [=](long first, long count, long row) { unpack(first, count, packed + row / panel_rows * k->packed_size(panel_rows, deep)); },
      [=](long first, long count) { k->product(x, deep, packed, columns_from(epilogue, first), m, count, deep, memory, out + first, n); });
}

}  // namespace

int packing(Form form) {
  // A weight that has few bits already is packed on the way.
  if (form == Form::integer) return -1;
  const auto* k = kernels();
  int number = -1;
  if (form == Form::bfloat16 || form == Form::bfloat16_by_float32) number = bfloat16_number(form == Form::bfloat16_by_float32);
  else
    for (int i = 0; k && kernels_at(i); i++)
      if (kernels_at(i) == k) number = i;
  const auto kept = form == Form::bfloat16_by_float32 ? Form::bfloat16 : form;
  return number < 0 ? -1 : static_cast<int>(kept) << form_bits | number;
}

array pack(const array& weight, int packing) {
  if (packing >= 0 && weight.ndim() == 2 && weight.size() > 0) {
    const int number = number_of(packing);
    const auto* k = kernels_at(number);
    const auto* products = bfloat16_at(number);
    const auto form = form_of(packing);
    if (form == Form::floats && k && plain(weight)) return pack_floats(weight, k);
    if (form == Form::halves && k && is_half(weight)) return pack_halves(weight, k);
    if (form == Form::bfloat16 && products && (plain(weight) || is_half(weight))) return pack_bfloat16(weight, &any_kernels(), products);
  }
  throw std::invalid_argument("[pack] needs a matrix of a type that the form takes, and kernels that are there");
}

Maybe linear(const array& x, const Matrix& weight, const ArrayEpilogue& epilogue) {
  const bool packed = weight.packing >= 0;
  const auto form = packed ? form_of(weight.packing) : Form::floats;
  const auto* products = form == Form::bfloat16 ? bfloat16_at(number_of(weight.packing)) : nullptr;
  const auto* k = packed && !products ? kernels_at(number_of(weight.packing)) : kernels();
  const bool shaped = x.ndim() >= 1 && x.shape(-1) == weight.inputs && (packed || weight.data.ndim() == 2);
  const bool typed = form == Form::floats ? plain(weight.data) : form == Form::halves ? is_half(weight.data) : products != nullptr;
  if ((!k && !products) || !shaped || !plain(x) || !typed || !vector_of(epilogue.bias, weight.outputs) ||
      !vector_of(epilogue.scale, weight.outputs))
    return uncovered(Op::linear);
  auto shape = x.shape();
  shape.back() = weight.outputs;
  if (epilogue.residual && (!plain(*epilogue.residual) || epilogue.residual->shape() != shape)) return uncovered(Op::linear);
  Inputs inputs;
  inputs.add(x);
  inputs.add(weight.data);
  const int bias = inputs.add(epilogue.bias), scale = inputs.add(epilogue.scale), residual = inputs.add(epilogue.residual);
  const long n = weight.outputs, deep = weight.inputs;
  const auto activation = epilogue.activation;
  return node(Op::linear, std::move(shape), std::move(inputs.list), [=](auto& in, array& out, auto& encoder) -> Task {
    const long m = static_cast<long>(in[0].size()) / deep;
    const Epilogue epilogue{at(in, bias), activation, at(in, scale), at(in, residual)};
    const float* from = at(in, 0);
    float* to = out.data<float>();
    if (products) {
      const auto* weight = in[1].template data<uint32_t>();
      return [=] { products->product(from, deep, weight, epilogue, m, n, deep, to, n); };
    }
    if (form == Form::halves) {
      const auto* halves = in[1].template data<uint16_t>();
      return by_columns(k, from, epilogue, m, n, deep, encoder, to,
                        [=, type = half_of(in[1]), each = k->packed_size(panel_rows, deep)](long first, long count, float* packed) {
                          k->widen(halves + first / panel_rows * each, type, k->packed_size(count, deep), packed);
                        });
    }
    auto* made = packed ? nullptr : temporary(encoder, k->packed_size(n, deep));
    auto* memory = temporary(encoder, k->product_memory(m, n, deep));
    return [=, weight = at(in, 1)] {
      if (!packed) k->pack(weight, deep, false, n, deep, made);
      k->product(from, deep, packed ? weight : made, epilogue, m, n, deep, memory, to, n);
    };
  });
}

/// Many rows: some of the weight's rows at a time are unpacked and packed for the product, never all of them.
Maybe quantized_linear(const array& x, const array& weight, const array& scales, const array& biases, const Maybe& bias,
                       const Quantization& how) {
  const auto* kernel = kernels();
  if (!kernel || !plain(x) || x.ndim() == 0 || weight.dtype() != mx::uint32 || weight.ndim() != 2 || weight.shape(0) == 0)
    return uncovered(Op::quantized_linear);
  const auto [group, bits, form] = how;
  const long deep = x.shape(-1), columns = weight.shape(0);
  const bool whole = deep % group == 0 && weight.shape(1) * 32L == deep * bits;
  const mx::Shape groups{weight.shape(0), static_cast<int>(deep / group)};
  if (!whole || scales.shape() != groups || biases.shape() != groups || !vector_of(bias, weight.shape(0)))
    return uncovered(Op::quantized_linear);
  const auto* products =
      form == Form::bfloat16 || form == Form::bfloat16_by_float32 ? bfloat16_at(bfloat16_number(form != Form::bfloat16)) : nullptr;
  const auto* integers = form == Form::integer ? integer_products() : nullptr;
  auto shape = x.shape();
  shape.back() = weight.shape(0);
  Inputs inputs;
  inputs.add(x);
  inputs.add(weight);
  inputs.add(mx::astype(scales, mx::float32));
  inputs.add(mx::astype(biases, mx::float32));
  const int b = inputs.add(bias);
  return node(
      Op::quantized_linear, std::move(shape), std::move(inputs.list),
      [=, bits = bits, group = group](auto& in, array& out, auto& encoder) -> Task {
        const long m = static_cast<long>(in[0].size()) / deep;
        const Quantized w{in[1].template data<uint8_t>(), at(in, 2), at(in, 3), columns, deep, bits, group};
        const float *from = at(in, 0), *bias = at(in, b);
        float* to = out.data<float>();
        if (m <= quantized_few) return [=] { kernel->quantized_product(w, from, bias, m, to); };
        Epilogue epilogue;
        epilogue.bias = bias;
        if (integers) {
          // Rows are rounded anew for each run of columns, so runs are not as short as those of a deep product of floats.
          constexpr long fewest = 768;
          const long some = std::min(columns, std::max(fewest, columns_at_once(columns, deep / 4)));
          auto* packed = reinterpret_cast<uint32_t*>(temporary(encoder, integers->packed_size(some, deep, group)));
          return by_columns(
              columns, some,
              [=](long first, long count, long row) { integers->pack(w, first, count, packed + integers->packed_size(row, deep, group)); },
              [=](long first, long count) {
                integers->product(from, packed, bits, group, columns_from(epilogue, first), m, count, deep, to + first, columns);
              });
        }
        const auto unpacked = [=](long first, long count) {
          float* rows = scratch(panel_rows * deep);
          kernel->dequantize(w, first, count, rows);
          return rows;
        };
        if (!products)
          return by_columns(kernel, from, epilogue, m, columns, deep, encoder, to, [=](long first, long count, float* packed) {
            kernel->pack(unpacked(first, count), deep, false, count, deep, packed);
          });
        const long some = columns_at_once(columns, deep);
        auto* packed = reinterpret_cast<uint32_t*>(temporary(encoder, products->packed_size(some, deep)));
        return by_columns(
            columns, some,
            [=](long first, long count, long row) {
              products->pack(unpacked(first, count), deep, count, deep,
                             packed + row / panel_rows * products->packed_size(panel_rows, deep));
            },
            [=](long first, long count) {
              products->product(from, deep, packed, columns_from(epilogue, first), m, count, deep, to + first, columns);
            });
      });
}

}  // namespace easel::cpu
#endif
