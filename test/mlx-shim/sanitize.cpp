// Drives the C ABI under AddressSanitizer and UndefinedBehaviorSanitizer: every function once as it is meant, and the wrong uses
// that the shim has to survive. What comes out of the ops is tested in test/ffi; here it is memory, handles and errors.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <initializer_list>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "mlx-shim/shim.h"

namespace {

int failures = 0;

#define CHECK(condition) \
  if (!(condition)) std::printf("line %d: %s: %s\n", __LINE__, #condition, easel_error()), failures++

/// Frees what it is given at the end of the statement's block.
struct Pool {
  std::vector<easel_array*> handles;
  ~Pool() {
    for (auto* handle : handles) easel_free(handle);
  }
  easel_array* operator()(easel_array* handle) {
    if (handle) handles.push_back(handle);
    return handle;
  }
};

using Ints = std::vector<int32_t>;
enum { f32, f16, bf16, i32, u32, i64, u8, boolean };

easel_array* filled(const Ints& dims, double value = 1, int32_t dtype = f32) { return easel_full(dims.data(), dims.size(), value, dtype); }

easel_array* counted(const Ints& dims, int32_t dtype = f32) {
  int64_t size = 1;
  for (auto d : dims) size *= d;
  Pool pool;
  return easel_reshape(pool(easel_arange(0, size, 1, dtype)), dims.data(), dims.size());
}

easel_array* linear(easel_array* x, easel_array* weight, easel_array* bias, easel_array* scale = nullptr, easel_array* residual = nullptr,
                    int32_t curve = 0) {
  const Ints options = {-1, 0, 0, curve};
  return easel_linear(x, weight, bias, scale, residual, options.data(), 4);
}

bool is(easel_array* a, std::initializer_list<float> values) {
  if (!a) return false;
  std::vector<float> read(values.size());
  if (!easel_read(a, read.data(), read.size() * sizeof(float))) return false;
  return std::equal(read.begin(), read.end(), values.begin(), [](float x, float y) { return std::abs(x - y) < 1e-5f; });
}

void errors_are_told() {
  Pool p;
  auto* a = p(counted({2, 3}));
  CHECK(!easel_matmul(a, a) && std::strstr(easel_error(), "[matmul]"));
  CHECK(!easel_throw(0) && std::strstr(easel_error(), "on purpose"));
  CHECK(!easel_throw(1) && std::strstr(easel_error(), "no std::exception"));
  CHECK(!easel_astype(a, 99) && !easel_astype(a, -1) && !easel_view(a, 8));
  CHECK(easel_memory(0) >= 0 && !easel_memory(9));
  CHECK(easel_set_limit(0, -1) == -1 && easel_set_limit(9, 1) == -1);
  CHECK(!easel_open(nullptr, 2) || easel_device() == 2);
  CHECK(easel_open("", 1) && easel_device() == 1);
  CHECK(std::strlen(easel_version()) > 0);
  CHECK(std::strlen(easel_device_text("architecture")) > 0 && !*easel_device_text("nothing"));
  CHECK(easel_device_number("nothing") == 0);
  // An error belongs to the thread that made it.
  std::string other;
  std::thread([&] { easel_throw(1), other = easel_error(); }).join();
  easel_throw(0);
  CHECK(other == "an exception that is no std::exception" && std::strstr(easel_error(), "on purpose"));
}

void arrays_come_and_go() {
  Pool p;
  const float data[] = {1, 2, 3, 4, 5, 6};
  const Ints shape = {2, 3}, wrong = {2, 4}, negative = {-2, -3}, huge = {INT32_MAX, INT32_MAX, INT32_MAX};
  auto* a = p(easel_from_bytes(data, sizeof data, shape.data(), 2, f32));
  CHECK(is(a, {1, 2, 3, 4, 5, 6}) && easel_ndim(a) == 2 && easel_dim(a, 1) == 3 && easel_dim(a, -2) == 2 && easel_dtype(a) == f32 &&
        easel_nbytes(a) == 24);
  CHECK(!easel_from_bytes(data, sizeof data, wrong.data(), 2, f32));
  CHECK(!easel_from_bytes(data, sizeof data, negative.data(), 2, f32));
  CHECK(!easel_from_bytes(data, 0, huge.data(), 3, f32));
  CHECK(!easel_from_bytes(data, sizeof data, shape.data(), 2, 77));
  for (int dtype = f32; dtype <= boolean; dtype++) {
    auto* typed = p(easel_astype(a, dtype));
    const int64_t bytes = easel_nbytes(typed);
    std::vector<uint8_t> raw(bytes);
    CHECK(easel_read(typed, raw.data(), bytes) && easel_dtype(typed) == dtype);
    auto* again = p(easel_from_bytes(raw.data(), bytes, shape.data(), 2, dtype));
    CHECK(again && is(p(easel_astype(p(easel_equal(typed, again)), f32)), {1, 1, 1, 1, 1, 1}));
  }
  float small[2];
  CHECK(!easel_read(a, small, sizeof small));
  const Ints none = {0};
  auto* empty = p(easel_from_bytes(nullptr, 0, none.data(), 1, f32));
  CHECK(easel_read(empty, nullptr, 0));
  CHECK(easel_eval(&a, 1) && easel_async_eval(&a, 1) && easel_eval(nullptr, 0) && easel_synchronize());
  CHECK(is(p(easel_share(a)), {1, 2, 3, 4, 5, 6}));
  easel_free(nullptr);
}

using Unary = easel_array* (*)(easel_array*);
using Binary = easel_array* (*)(easel_array*, easel_array*);
using Scalar = easel_array* (*)(easel_array*, double);
using Reduction = easel_array* (*)(easel_array*, const int32_t*, int64_t, int32_t);

void elementwise() {
  Pool p;
  auto *a = p(counted({2, 3})), *b = p(filled({3}, 2)), *five = p(filled({5}));
  for (Unary op : {easel_negative,    easel_abs,   easel_square,   easel_sqrt, easel_rsqrt,     easel_reciprocal, easel_exp,  easel_log,
                   easel_sin,         easel_cos,   easel_tanh,     easel_erf,  easel_sigmoid,   easel_floor,      easel_ceil, easel_round,
                   easel_logical_not, easel_isnan, easel_isfinite, easel_gelu, easel_gelu_tanh, easel_silu}) {
    auto* y = p(op(a));
    CHECK(y && easel_eval(&y, 1));
  }
  for (Binary op : {easel_add, easel_subtract, easel_multiply, easel_divide, easel_power, easel_maximum, easel_minimum, easel_equal,
                    easel_greater, easel_less, easel_logical_and, easel_logical_or}) {
    auto* y = p(op(a, b));
    CHECK(y && easel_eval(&y, 1));
    CHECK(!op(a, five));
  }
  for (Scalar op : {easel_add_scalar, easel_subtract_scalar, easel_multiply_scalar, easel_divide_scalar, easel_power_scalar,
                    easel_maximum_scalar, easel_minimum_scalar, easel_equal_scalar, easel_greater_scalar, easel_less_scalar}) {
    for (int dtype = f32; dtype <= boolean; dtype++) {
      for (double value : {0.5, -3.0, 1e300, std::numeric_limits<double>::infinity(), std::nan("")}) {
        auto* y = p(op(p(easel_astype(a, dtype)), value));
        CHECK(y && easel_eval(&y, 1));
      }
    }
  }
  CHECK(is(p(easel_where(p(easel_greater_scalar(a, 2)), a, p(easel_negative(a)))), {0, -1, -2, 3, 4, 5}));
  CHECK(is(p(easel_clip(a, 1, 3.5)), {1, 1, 2, 3, 3.5, 3.5}));
  const Ints axis = {1}, far = {7};
  for (Reduction op : {easel_sum, easel_mean, easel_prod, easel_max, easel_min, easel_var, easel_all, easel_any}) {
    auto* y = p(op(a, axis.data(), 1, 1));
    CHECK(y && easel_eval(&y, 1) && easel_ndim(y) == 2);
    CHECK(!op(a, far.data(), 1, 0));
  }
  auto* y = p(easel_argmax(a, 1, 0));
  CHECK(easel_eval(&y, 1));
  y = p(easel_argmin(a, -1, 1));
  CHECK(easel_eval(&y, 1));
  CHECK(is(p(easel_sort(p(easel_negative(a)), 1)), {-2, -1, 0, -5, -4, -3}));
  CHECK(p(easel_argsort(a, 0)) && !easel_sort(a, 5) && !easel_argsort(a, 5) && !easel_argmax(a, 5, 0));
  CHECK(is(p(easel_cumsum(a, 1)), {0, 1, 3, 3, 7, 12}));
  // Empty arrays and absurd ranges: an answer or an error, but the process lives.
  auto* none = p(filled({0, 3}));
  const Ints rows = {0};
  for (auto* result : {p(easel_cumsum(none, 0)), p(easel_sort(none, 0)), p(easel_argsort(none, 0)), p(easel_argmax(none, 0, 0)),
                       p(easel_softmax(none, 0)), p(easel_layer_norm(none, nullptr, nullptr, 1e-5)), p(easel_rms_norm(none, nullptr, 1e-5)),
                       p(easel_repeat(none, 2, 0)), p(easel_take(none, p(filled({0}, 0, i32)), 0)),
                       p(easel_matmul(none, p(filled({3, 2})))), p(easel_flip(none, rows.data(), 1)), p(easel_arange(0, 0, 1, i32)),
                       p(easel_arange(0, 5, 0, f32)), p(easel_arange(0, std::nan(""), 1, f32)), p(easel_arange(0, 1e300, 1, i32))}) {
    if (result) easel_eval(&result, 1);
  }
  for (Reduction op : {easel_sum, easel_mean, easel_prod, easel_max, easel_min, easel_var, easel_all, easel_any}) {
    auto* result = p(op(none, rows.data(), 1, 0));
    if (result) easel_eval(&result, 1);
  }
}

void shapes() {
  Pool p;
  auto* a = p(counted({2, 3}));
  const Ints flat = {-1}, back = {1, 0}, first = {0}, three = {3}, wide = {4, 2, 3};
  CHECK(is(p(easel_reshape(a, flat.data(), 1)), {0, 1, 2, 3, 4, 5}) && !easel_reshape(a, three.data(), 1));
  CHECK(is(p(easel_transpose(a, back.data(), 2)), {0, 3, 1, 4, 2, 5}) && is(p(easel_transpose(a, nullptr, 0)), {0, 3, 1, 4, 2, 5}) &&
        !easel_transpose(a, three.data(), 1));
  auto* tall = p(easel_expand_dims(a, first.data(), 1));
  CHECK(easel_ndim(tall) == 3 && easel_ndim(p(easel_squeeze(tall, first.data(), 1))) == 2 &&
        easel_ndim(p(easel_squeeze(tall, nullptr, 0))) == 2 && !easel_squeeze(a, first.data(), 1));
  CHECK(easel_dim(p(easel_broadcast_to(a, wide.data(), 3)), 0) == 4 && !easel_broadcast_to(a, three.data(), 1));
  CHECK(is(p(easel_flip(a, back.data(), 2)), {5, 4, 3, 2, 1, 0}));
  CHECK(is(p(easel_contiguous(p(easel_transpose(a, nullptr, 0)))), {0, 3, 1, 4, 2, 5}));
  const Ints bounds = {0, 1, 2, 3, 1, 1}, outside = {0, 0, 99, 99, 1, 1}, few = {0, 1};
  CHECK(is(p(easel_slice(a, bounds.data(), 6)), {1, 2, 4, 5}) && !easel_slice(a, few.data(), 2));
  CHECK(is(p(easel_slice(a, outside.data(), 6)), {0, 1, 2, 3, 4, 5}));
  CHECK(is(p(easel_slice_update(a, p(filled({2, 2}, 9)), bounds.data(), 6)), {0, 9, 9, 3, 9, 9}) &&
        !easel_slice_update(a, a, few.data(), 2));
  const int32_t picks[] = {2, 0};
  const Ints two = {2}, column = {2, 1};
  auto* index = p(easel_from_bytes(picks, sizeof picks, two.data(), 1, i32));
  CHECK(is(p(easel_take(a, index, 1)), {2, 0, 5, 3}) && !easel_take(a, index, 4));
  CHECK(is(p(easel_take_index(a, -1, 0)), {3, 4, 5}) && !easel_take_index(a, 2, 0) && !easel_take_index(a, 0, 2) &&
        !easel_take_index(a, INT32_MIN, 0));
  auto* along = p(easel_from_bytes(picks, sizeof picks, column.data(), 2, i32));
  CHECK(is(p(easel_take_along_axis(a, along, 1)), {2, 3}));
  CHECK(is(p(easel_put_along_axis(a, along, p(filled({2, 1}, 8)), 1)), {0, 1, 8, 8, 4, 5}));
  const Ints widths = {0, 1, 0, 1};
  CHECK(is(p(easel_pad(a, widths.data(), 4, 7, 0)), {7, 0, 1, 2, 7, 7, 3, 4, 5, 7}) &&
        is(p(easel_pad(a, widths.data(), 4, 0, 1)), {0, 0, 1, 2, 2, 3, 3, 4, 5, 5}) && !easel_pad(a, widths.data(), 3, 0, 0));
  CHECK(is(p(easel_repeat(a, 2, 0)), {0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}) && !easel_repeat(a, -1, 0));
  CHECK(is(p(easel_tile(a, two.data(), 1)), {0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  easel_array* list[] = {a, a};
  CHECK(easel_dim(p(easel_concatenate(list, 2, 0)), 0) == 4 && easel_ndim(p(easel_stack(list, 2, 0))) == 3 &&
        !easel_concatenate(list, 2, 3) && !easel_stack(nullptr, 0, 0));
}

void networks() {
  Pool p;
  auto *x = p(counted({2, 3})), *w = p(counted({4, 3})), *b = p(filled({4}, 1));
  CHECK(is(p(linear(x, w, b)), {6, 15, 24, 33, 15, 51, 87, 123}) && p(linear(x, w, nullptr)) && !linear(x, b, nullptr));
  CHECK(is(p(easel_addmm(b, x, p(easel_transpose(w, nullptr, 0)), 1, 1)), {6, 15, 24, 33, 15, 51, 87, 123}));
  auto *image = p(filled({1, 5, 6, 4})), *kernel = p(filled({2, 3, 3, 4})), *bias = p(filled({2}, 0.5));
  const Ints plain = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0}, general = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  auto* y = p(easel_conv2d(image, kernel, bias, nullptr, plain.data(), 11));
  CHECK(easel_eval(&y, 1) && easel_dim(y, 3) == 2);
  CHECK(!easel_conv2d(image, kernel, bias, nullptr, plain.data(), 10) && !easel_conv2d(x, kernel, nullptr, nullptr, plain.data(), 11) &&
        !easel_conv2d(image, x, nullptr, nullptr, plain.data(), 11));
  for (size_t i : {0, 1, 6, 7, 8}) {
    auto zero = plain;
    zero[i] = 0;
    CHECK(!easel_conv2d(image, kernel, bias, nullptr, zero.data(), 11));
  }
  for (int32_t curve : {-1, 5}) {
    auto wrong = plain;
    wrong[10] = curve;
    CHECK(!easel_conv2d(image, kernel, bias, nullptr, wrong.data(), 11));
  }
  auto* doubling = p(filled({8, 4}));
  const Ints doubled = {-1, 0, 0, 2};
  y = p(easel_deconv2d(image, doubling, bias, doubled.data(), 4));
  CHECK(easel_eval(&y, 1) && easel_dim(y, 2) == 12 && easel_dim(y, 3) == 2);
  CHECK(!easel_deconv2d(image, doubling, bias, doubled.data(), 3) && !easel_deconv2d(x, doubling, nullptr, doubled.data(), 4) &&
        !easel_deconv2d(image, kernel, nullptr, doubled.data(), 4));
  for (int32_t size : {0, 3, 65536}) CHECK(!easel_deconv2d(image, doubling, bias, Ints{-1, 0, 0, size}.data(), 4));
  for (size_t i : {0, 1, 6, 7, 8, 9}) {
    auto zero = general;
    zero[i] = 0;
    CHECK(!easel_conv_general(image, kernel, zero.data(), 10, 1, 0));
  }
  CHECK(!easel_conv_general(image, kernel, general.data(), 10, 0, 0));
  y = p(easel_conv_general(image, kernel, general.data(), 10, 1, 0));
  CHECK(easel_eval(&y, 1));
  CHECK(!easel_conv_general(image, kernel, general.data(), 9, 1, 0) && !easel_conv_general(b, kernel, general.data(), 5, 1, 0));
  // Large enough for several pieces.
  auto *broad = p(filled({1, 160, 160, 128})), *thin = p(filled({1, 3, 3, 128}));
  y = p(easel_conv2d(broad, thin, nullptr, nullptr, plain.data(), 11));
  CHECK(easel_eval(&y, 1) && easel_dim(y, 1) == 160);
  auto *q = p(filled({1, 2, 3000, 4})), *k = p(filled({1, 1, 3000, 4})), *mask = p(filled({3000, 3000}, 0));
  for (int32_t causal : {0, 1}) {
    y = p(easel_sdpa(q, k, k, nullptr, 0.5, causal));
    CHECK(easel_eval(&y, 1));
  }
  y = p(easel_sdpa(q, k, k, mask, 0.5, 0));
  CHECK(easel_eval(&y, 1));
  CHECK(!easel_sdpa(q, k, k, mask, 0.5, 1) && !easel_sdpa(x, x, x, nullptr, 1, 0) && !easel_sdpa(q, k, k, x, 1, 0));
  auto* weight = p(filled({3}));
  CHECK(p(easel_softmax(x, -1)) && !easel_softmax(x, 4));
  CHECK(p(easel_layer_norm(x, weight, weight, 1e-5)) && p(easel_layer_norm(x, nullptr, nullptr, 1e-5)) &&
        !easel_layer_norm(x, b, nullptr, 1e-5));
  CHECK(p(easel_rms_norm(x, weight, 1e-5)) && p(easel_rms_norm(x, nullptr, 1e-5)) && !easel_rms_norm(x, b, 1e-5));
  y = p(easel_group_norm(image, nullptr, nullptr, 2, 1e-5));
  CHECK(easel_eval(&y, 1) && !easel_group_norm(image, nullptr, nullptr, 3, 1e-5) && !easel_group_norm(image, nullptr, nullptr, 0, 1e-5) &&
        !easel_group_norm(weight, nullptr, nullptr, 1, 1e-5));
  auto* matrix = p(counted({8, 128}));
  for (int32_t bits : {2, 3, 4, 5, 6, 8}) {
    auto* list = easel_quantize(matrix, 64, bits);
    CHECK(list && easel_list_size(list) == 3 && !easel_list_at(list, 3) && !easel_list_at(list, -1));
    auto *packed = p(easel_list_at(list, 0)), *scales = p(easel_list_at(list, 1)), *biases = p(easel_list_at(list, 2));
    easel_list_free(list);
    y = p(easel_dequantize(packed, scales, biases, 64, bits));
    CHECK(easel_eval(&y, 1) && easel_dim(y, 1) == 128);
    y = p(easel_quantized_matmul(p(filled({2, 128})), packed, scales, biases, 1, 64, bits));
    CHECK(easel_eval(&y, 1) && !easel_quantized_matmul(x, packed, scales, biases, 1, 64, bits));
    y = p(easel_quantized_linear(p(filled({2, 128})), packed, scales, biases, p(filled({8})), 64, bits, 0));
    CHECK(easel_eval(&y, 1) && !easel_quantized_linear(x, packed, scales, biases, nullptr, 64, bits, 0));
    y = p(easel_quantized_linear(p(filled({70, 128})), packed, scales, biases, nullptr, 64, bits, 2));
    CHECK(easel_eval(&y, 1));
    y = p(easel_quantized_linear(p(filled({70, 128})), packed, scales, biases, p(filled({8})), 64, bits, 4));
    CHECK(easel_eval(&y, 1) && !easel_quantized_linear(matrix, packed, scales, biases, nullptr, 0, 0, 0) &&
          !easel_quantized_linear(matrix, packed, scales, biases, nullptr, 64, bits, 9));
  }
  CHECK(!easel_quantize(matrix, 0, 4) && !easel_quantize(matrix, 64, 0) && !easel_quantize(matrix, -64, 4) &&
        !easel_quantize(weight, 64, 4) && !easel_dequantize(matrix, matrix, matrix, 0, 0) &&
        !easel_quantized_matmul(matrix, matrix, matrix, matrix, 1, 0, 0));
  CHECK(!easel_quantize(matrix, 64, 7) && !easel_quantize(matrix, 48, 4));
}

// Every kernel of every instruction set that is here, over sizes that leave tails and edges.
void kernels() {
  CHECK(!easel_use_kernels("avx1024") && easel_kernel_calls("nothing", 1) == -1 && easel_kernel_calls("gelu", 1) >= 0);
  CHECK(easel_recorded("gelu", 9) == -1 && easel_recorded(nullptr, 0) >= 0 && easel_record(0, 0) && easel_record(64, 2));
  {
    Pool p;
    auto* y = p(easel_gelu(p(filled({300, 300}))));
    CHECK(easel_eval(&y, 1) && easel_record(0, 0) && easel_recorded("gelu", 0) >= 0 && easel_recorded("nothing", 1) == 0);
  }
  const std::string before = easel_kernels();
  for (const char* set : {"base", "avx2", "avx512", "amx", "amx_float32", "off"}) {
    if (!easel_use_kernels(set)) continue;
    CHECK(std::string(easel_kernels()) == set);
    Pool p;
    const auto done = [&](easel_array* y) {
      p(y);
      CHECK(y && easel_eval(&y, 1));
    };
    for (int32_t size : {1, 2, 7, 16, 31, 33, 70}) {
      auto *x = p(counted({3, size})), *w = p(filled({size}));
      done(easel_softmax(x, -1)), done(easel_gelu(x)), done(easel_gelu_tanh(x)), done(easel_silu(x));
      done(easel_layer_norm(x, w, w, 1e-5)), done(easel_layer_norm(x, nullptr, nullptr, 1e-5)), done(easel_rms_norm(x, w, 1e-5));
      for (int32_t curve : {0, 1, 2, 3, 4}) {
        auto *weight = p(counted({size + 3, size})), *each = p(filled({size + 3}));
        done(linear(x, weight, each, each, p(filled({3, size + 3})), curve));
        const Ints options = {easel_packing(0), size + 3, size, curve};
        if (options[0] < 0) continue;
        auto* packed = p(easel_pack(weight, options[0]));
        done(easel_linear(x, packed, each, nullptr, nullptr, options.data(), 4));
        done(easel_linear(p(filled({270, size})), packed, each, each, p(filled({270, size + 3})), options.data(), 4));
        CHECK(!easel_pack(each, options[0]) && !easel_pack(weight, 99) && easel_packing(-1) == 0 && easel_packing(4) == -1 &&
              easel_packing(5) == 0);
        for (int32_t form : {1, 2, 3}) {
          for (int32_t type : {f32, f16, bf16}) {
            const Ints half = {easel_packing(form), size + 3, size, curve};
            auto* narrow = p(easel_astype(weight, type));
            if (form == 1 && type == f32) {
              CHECK(!easel_pack(narrow, half[0]));
              continue;
            }
            auto* arranged = p(easel_pack(narrow, half[0]));
            done(easel_linear(x, arranged, each, nullptr, nullptr, half.data(), 4));
            done(easel_linear(p(filled({270, size})), arranged, each, each, p(filled({270, size + 3})), half.data(), 4));
          }
        }
      }
      done(easel_gated(x, x)), done(easel_gated(p(easel_transpose(p(filled({size, 3})), Ints{1, 0}.data(), 2)), x));
      done(linear(p(filled({size, 1100})), p(filled({13, 1100})), nullptr)),
          done(linear(p(filled({size + 256, 1100})), p(filled({130, 1100})), nullptr));
      auto* image = p(filled({2, size, 9, size}));
      done(easel_group_norm(image, w, w, 1, 1e-5));
      for (int32_t side : {1, 3}) {
        for (int32_t stride : {1, 2}) {
          for (int32_t more : {0, 1, 2}) {
            const Ints options = {stride, stride, 1, 1, 1 + more, more, 1, 1, 1, more > 0, more * 2};
            auto *weight = p(filled({size + 1, side, side, size})), *each = p(filled({size + 1}));
            auto* made = p(easel_conv2d(image, weight, each, nullptr, options.data(), 11));
            done(easel_conv2d(image, weight, each, made, options.data(), 11));
          }
        }
      }
      if (size > 30)
        done(easel_conv2d(p(filled({1, 9, 10, 160 + size})), p(filled({193, 3, 3, 160 + size})), nullptr, nullptr,
                          Ints{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4}.data(), 11));
      for (int32_t times : {1, 2, 4}) {
        auto* weight = p(counted({times * times * 5, size}));
        const Ints options = {easel_packing(0), times * times * 5, size, times};
        done(easel_deconv2d(image, weight, p(filled({5})), Ints{-1, 0, 0, times}.data(), 4));
        if (options[0] >= 0)
          done(easel_deconv2d(p(filled({1, 20, 17, size})), p(easel_pack(weight, options[0])), nullptr, options.data(), 4));
      }
      auto *q = p(filled({2, 4, size, size})), *k = p(filled({2, 2, 530, size}));
      done(easel_sdpa(q, k, k, nullptr, 0.1, 0)), done(easel_sdpa(q, k, k, nullptr, 0.1, 1));
      done(easel_sdpa(q, k, k, p(filled({size, 530}, -1)), 0.1, 0)),
          done(easel_sdpa(q, k, k, p(filled({1, 1, 1, 530}, 1, boolean)), 0.1, 0));
    }
  }
  CHECK(easel_use_kernels(before.c_str()));
}

void random_numbers() {
  Pool p;
  auto* key = p(easel_random_key(UINT64_MAX));
  const Ints shape = {3, 5}, negative = {-1};
  for (auto* y : {p(easel_random_split(key, 3)), p(easel_random_normal(shape.data(), 2, bf16, key)),
                  p(easel_random_uniform(shape.data(), 2, -1, 1, f16, key)), p(easel_random_bits(shape.data(), 2, key))})
    CHECK(y && easel_eval(&y, 1));
  for (int32_t count : {0, -1}) {
    auto* keys = p(easel_random_split(key, count));
    if (keys) easel_eval(&keys, 1);
  }
  CHECK(!easel_random_normal(shape.data(), 2, i32, key) && !easel_random_normal(shape.data(), 2, f32, p(filled({3}))) &&
        !easel_random_bits(negative.data(), 1, key));
}

void files(const std::string& folder) {
  Pool p;
  const std::string raw = folder + "/raw", saved = folder + "/saved.safetensors";
  std::ofstream(raw, std::ios::binary).write("\0\0\200\77\0\0\0\100", 8);
  auto* file = easel_file_open(raw.c_str());
  const Ints two = {2}, three = {3}, negative = {-1}, huge = {INT32_MAX, INT32_MAX, INT32_MAX}, none = {0};
  CHECK(file && easel_file_size(file) == 8 && is(p(easel_file_read(file, 0, two.data(), 1, f32)), {1, 2}));
  CHECK(!easel_file_read(file, 0, three.data(), 1, f32) && !easel_file_read(file, 1, two.data(), 1, f32) &&
        !easel_file_read(file, -1, two.data(), 1, f32) && !easel_file_read(file, INT64_MAX, two.data(), 1, f32));
  CHECK(!easel_file_read(file, 0, negative.data(), 1, f32) && !easel_file_read(file, 0, huge.data(), 3, f32) &&
        !easel_file_read(file, 0, two.data(), 1, 50));
  auto* empty = p(easel_file_read(file, 8, none.data(), 1, f32));
  CHECK(easel_read(empty, nullptr, 0));
  easel_file_free(file);
  CHECK(!easel_file_open((folder + "/absent").c_str()) && !easel_file_open(folder.c_str()));
  auto* saver = easel_saver_new();
  CHECK(easel_saver_put(saver, "x", p(counted({2, 3}))) && easel_saver_put(saver, "x", p(counted({3}))) &&
        easel_saver_note(saver, "made", "here") && easel_saver_write(saver, saved.c_str()) &&
        !easel_saver_write(saver, (folder + "/no/such.safetensors").c_str()));
  easel_saver_free(saver);
  std::ifstream written(saved, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(written)), {});
  CHECK(text.find("\"made\":\"here\"") != std::string::npos);
}

}  // namespace

int main(int, char** argv) {
  CHECK(easel_open(nullptr, 1));
  errors_are_told();
  arrays_come_and_go();
  elementwise();
  shapes();
  networks();
  kernels();
  random_numbers();
  files(argv[1]);
  CHECK(easel_reset_peak() && easel_clear_cache() && easel_set_limit(1, int64_t{1} << 34) > 0 && easel_set_limit(2, 0) >= 0);
  if (easel_live() != 0) std::printf("%lld handles are left\n", static_cast<long long>(easel_live())), failures++;
  if (easel_memory(0) != 0) std::printf("%lld bytes are left\n", static_cast<long long>(easel_memory(0))), failures++;
  std::printf(failures ? "%d checks failed\n" : "all right\n", failures);
  return failures ? 1 : 0;
}
