// The C ABI of libeasel: MLX as ffi/ sees it. One function an op.
//
// * A function that returns a pointer or a bool-like int32_t returns null or 0 after an error; easel_error() then says what went
//   wrong on this thread. easel_set_limit, easel_kernel_calls and easel_recorded answer -1. Getters of shape and type cannot fail on a live handle.
// * A handle belongs to the caller until it is given to its _free function. Handles of one thread are used on that thread only.
// * At most eight integer or pointer arguments: further ones go to the stack, where Bun and Apple's arm64 ABI disagree.
// * Optional tensors are null. Lists of integers are one pointer and one count.
// * ffi/library.ts repeats this file as a table; a test holds the two against each other, so each declaration stays on one line.
#pragma once
#include <cstdint>

#define EASEL_API extern "C" __attribute__((visibility("default")))

struct easel_array;
struct easel_list;
struct easel_file;
struct easel_saver;

// clang-format off: ffi/library.ts is held against these lines, one function each
// Runtime
EASEL_API int32_t easel_open(const char* metallib, int32_t device);
EASEL_API const char* easel_error();
EASEL_API const char* easel_version();
EASEL_API int64_t easel_live();
EASEL_API int32_t easel_device();
EASEL_API const char* easel_device_text(const char* key);
EASEL_API int64_t easel_device_number(const char* key);
EASEL_API int32_t easel_use_kernels(const char* name);
EASEL_API const char* easel_kernels();
EASEL_API int32_t easel_has_bfloat16();
EASEL_API int32_t easel_has_integer();
EASEL_API int64_t easel_kernel_calls(const char* op, int32_t covered);
EASEL_API int32_t easel_record(int32_t threads, int32_t nodes);
EASEL_API int64_t easel_recorded(const char* label, int32_t kind);
EASEL_API int64_t easel_memory(int32_t kind);
EASEL_API int32_t easel_reset_peak();
EASEL_API int64_t easel_set_limit(int32_t kind, int64_t bytes);
EASEL_API int32_t easel_clear_cache();
EASEL_API int32_t easel_synchronize();
EASEL_API int32_t easel_throw(int32_t kind);

// Arrays: making, reading, evaluating
EASEL_API void easel_free(easel_array* a);
EASEL_API easel_array* easel_from_bytes(const void* bytes, int64_t nbytes, const int32_t* dims, int64_t n, int32_t dtype);
EASEL_API int32_t easel_read(easel_array* a, void* out, int64_t nbytes);
EASEL_API int32_t easel_ndim(easel_array* a);
EASEL_API int32_t easel_dim(easel_array* a, int32_t axis);
EASEL_API int32_t easel_dtype(easel_array* a);
EASEL_API int64_t easel_nbytes(easel_array* a);
EASEL_API int32_t easel_eval(easel_array* const* list, int64_t n);
EASEL_API int32_t easel_async_eval(easel_array* const* list, int64_t n);
EASEL_API easel_array* easel_full(const int32_t* dims, int64_t n, double value, int32_t dtype);
EASEL_API easel_array* easel_arange(double start, double stop, double step, int32_t dtype);

// Results that are several arrays
EASEL_API int64_t easel_list_size(easel_list* list);
EASEL_API easel_array* easel_list_at(easel_list* list, int64_t index);
EASEL_API void easel_list_free(easel_list* list);

// Elementwise, one operand
EASEL_API easel_array* easel_negative(easel_array* a);
EASEL_API easel_array* easel_abs(easel_array* a);
EASEL_API easel_array* easel_square(easel_array* a);
EASEL_API easel_array* easel_sqrt(easel_array* a);
EASEL_API easel_array* easel_rsqrt(easel_array* a);
EASEL_API easel_array* easel_reciprocal(easel_array* a);
EASEL_API easel_array* easel_exp(easel_array* a);
EASEL_API easel_array* easel_log(easel_array* a);
EASEL_API easel_array* easel_sin(easel_array* a);
EASEL_API easel_array* easel_cos(easel_array* a);
EASEL_API easel_array* easel_tanh(easel_array* a);
EASEL_API easel_array* easel_erf(easel_array* a);
EASEL_API easel_array* easel_sigmoid(easel_array* a);
EASEL_API easel_array* easel_floor(easel_array* a);
EASEL_API easel_array* easel_ceil(easel_array* a);
EASEL_API easel_array* easel_round(easel_array* a);
EASEL_API easel_array* easel_logical_not(easel_array* a);
EASEL_API easel_array* easel_isnan(easel_array* a);
EASEL_API easel_array* easel_isfinite(easel_array* a);

// Elementwise, two operands; _scalar takes the second by value, in the array's dtype
EASEL_API easel_array* easel_add(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_subtract(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_multiply(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_divide(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_power(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_maximum(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_minimum(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_equal(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_greater(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_less(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_logical_and(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_logical_or(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_add_scalar(easel_array* a, double b);
EASEL_API easel_array* easel_subtract_scalar(easel_array* a, double b);
EASEL_API easel_array* easel_multiply_scalar(easel_array* a, double b);
EASEL_API easel_array* easel_divide_scalar(easel_array* a, double b);
EASEL_API easel_array* easel_power_scalar(easel_array* a, double b);
EASEL_API easel_array* easel_maximum_scalar(easel_array* a, double b);
EASEL_API easel_array* easel_minimum_scalar(easel_array* a, double b);
EASEL_API easel_array* easel_equal_scalar(easel_array* a, double b);
EASEL_API easel_array* easel_greater_scalar(easel_array* a, double b);
EASEL_API easel_array* easel_less_scalar(easel_array* a, double b);
EASEL_API easel_array* easel_where(easel_array* condition, easel_array* a, easel_array* b);
EASEL_API easel_array* easel_clip(easel_array* a, double low, double high);

// Reductions over the listed axes, and along one axis
EASEL_API easel_array* easel_sum(easel_array* a, const int32_t* axes, int64_t n, int32_t keepdims);
EASEL_API easel_array* easel_mean(easel_array* a, const int32_t* axes, int64_t n, int32_t keepdims);
EASEL_API easel_array* easel_prod(easel_array* a, const int32_t* axes, int64_t n, int32_t keepdims);
EASEL_API easel_array* easel_max(easel_array* a, const int32_t* axes, int64_t n, int32_t keepdims);
EASEL_API easel_array* easel_min(easel_array* a, const int32_t* axes, int64_t n, int32_t keepdims);
EASEL_API easel_array* easel_var(easel_array* a, const int32_t* axes, int64_t n, int32_t keepdims);
EASEL_API easel_array* easel_all(easel_array* a, const int32_t* axes, int64_t n, int32_t keepdims);
EASEL_API easel_array* easel_any(easel_array* a, const int32_t* axes, int64_t n, int32_t keepdims);
EASEL_API easel_array* easel_argmax(easel_array* a, int32_t axis, int32_t keepdims);
EASEL_API easel_array* easel_argmin(easel_array* a, int32_t axis, int32_t keepdims);
EASEL_API easel_array* easel_sort(easel_array* a, int32_t axis);
EASEL_API easel_array* easel_argsort(easel_array* a, int32_t axis);
EASEL_API easel_array* easel_cumsum(easel_array* a, int32_t axis);

// Type, layout and shape
EASEL_API easel_array* easel_astype(easel_array* a, int32_t dtype);
EASEL_API easel_array* easel_view(easel_array* a, int32_t dtype);
EASEL_API easel_array* easel_contiguous(easel_array* a);
EASEL_API easel_array* easel_share(easel_array* a);
EASEL_API easel_array* easel_reshape(easel_array* a, const int32_t* dims, int64_t n);
EASEL_API easel_array* easel_transpose(easel_array* a, const int32_t* axes, int64_t n);
EASEL_API easel_array* easel_expand_dims(easel_array* a, const int32_t* axes, int64_t n);
EASEL_API easel_array* easel_squeeze(easel_array* a, const int32_t* axes, int64_t n);
EASEL_API easel_array* easel_broadcast_to(easel_array* a, const int32_t* dims, int64_t n);
EASEL_API easel_array* easel_flip(easel_array* a, const int32_t* axes, int64_t n);
EASEL_API easel_array* easel_slice(easel_array* a, const int32_t* bounds, int64_t n);
EASEL_API easel_array* easel_slice_update(easel_array* a, easel_array* update, const int32_t* bounds, int64_t n);
EASEL_API easel_array* easel_take(easel_array* a, easel_array* indices, int32_t axis);
EASEL_API easel_array* easel_take_index(easel_array* a, int32_t index, int32_t axis);
EASEL_API easel_array* easel_take_along_axis(easel_array* a, easel_array* indices, int32_t axis);
EASEL_API easel_array* easel_put_along_axis(easel_array* a, easel_array* indices, easel_array* values, int32_t axis);
EASEL_API easel_array* easel_pad(easel_array* a, const int32_t* widths, int64_t n, double value, int32_t edge);
EASEL_API easel_array* easel_repeat(easel_array* a, int32_t count, int32_t axis);
EASEL_API easel_array* easel_tile(easel_array* a, const int32_t* counts, int64_t n);
EASEL_API easel_array* easel_concatenate(easel_array* const* list, int64_t n, int32_t axis);
EASEL_API easel_array* easel_stack(easel_array* const* list, int64_t n, int32_t axis);

// Networks: what a kernel of our own may take over on Linux
EASEL_API easel_array* easel_matmul(easel_array* a, easel_array* b);
EASEL_API easel_array* easel_addmm(easel_array* c, easel_array* a, easel_array* b, double alpha, double beta);
EASEL_API int32_t easel_packing(int32_t form);
EASEL_API easel_array* easel_pack(easel_array* weight, int32_t packing);
EASEL_API easel_array* easel_linear(easel_array* x, easel_array* weight, easel_array* bias, easel_array* scale, easel_array* residual, const int32_t* options, int64_t n);
EASEL_API easel_array* easel_gated(easel_array* gate, easel_array* x);
EASEL_API easel_array* easel_conv2d(easel_array* x, easel_array* weight, easel_array* bias, easel_array* residual, const int32_t* options, int64_t n);
EASEL_API easel_array* easel_deconv2d(easel_array* x, easel_array* weight, easel_array* bias, const int32_t* options, int64_t n);
EASEL_API easel_array* easel_conv_general(easel_array* x, easel_array* weight, const int32_t* options, int64_t n, int32_t groups, int32_t flip);
EASEL_API easel_array* easel_sdpa(easel_array* q, easel_array* k, easel_array* v, easel_array* mask, double scale, int32_t causal);
EASEL_API easel_array* easel_softmax(easel_array* a, int32_t axis);
EASEL_API easel_array* easel_layer_norm(easel_array* x, easel_array* weight, easel_array* bias, double eps);
EASEL_API easel_array* easel_rms_norm(easel_array* x, easel_array* weight, double eps);
EASEL_API easel_array* easel_group_norm(easel_array* x, easel_array* weight, easel_array* bias, int32_t groups, double eps);
EASEL_API easel_array* easel_resample(easel_array* x, const int32_t* rows, const float* row_weights, const int32_t* columns, const float* column_weights, const int32_t* sizes, int64_t n);
EASEL_API easel_array* easel_gelu(easel_array* a);
EASEL_API easel_array* easel_gelu_tanh(easel_array* a);
EASEL_API easel_array* easel_silu(easel_array* a);
EASEL_API easel_list* easel_quantize(easel_array* w, int32_t group_size, int32_t bits);
EASEL_API easel_array* easel_dequantize(easel_array* w, easel_array* scales, easel_array* biases, int32_t group_size, int32_t bits);
EASEL_API easel_array* easel_quantized_linear(easel_array* x, easel_array* w, easel_array* scales, easel_array* biases, easel_array* bias, int32_t group_size, int32_t bits, int32_t form);
EASEL_API easel_array* easel_quantized_matmul(easel_array* x, easel_array* w, easel_array* scales, easel_array* biases, int32_t transpose, int32_t group_size, int32_t bits);

// Random numbers: a key decides them
EASEL_API easel_array* easel_random_key(uint64_t seed);
EASEL_API easel_array* easel_random_split(easel_array* key, int32_t count);
EASEL_API easel_array* easel_random_normal(const int32_t* dims, int64_t n, int32_t dtype, easel_array* key);
EASEL_API easel_array* easel_random_uniform(const int32_t* dims, int64_t n, double low, double high, int32_t dtype, easel_array* key);
EASEL_API easel_array* easel_random_bits(const int32_t* dims, int64_t n, easel_array* key);

// Files: arrays read from a range of bytes, and safetensors written
EASEL_API easel_file* easel_file_open(const char* path);
EASEL_API int64_t easel_file_size(easel_file* file);
EASEL_API easel_array* easel_file_read(easel_file* file, int64_t offset, const int32_t* dims, int64_t n, int32_t dtype);
EASEL_API void easel_file_free(easel_file* file);
EASEL_API easel_saver* easel_saver_new();
EASEL_API int32_t easel_saver_put(easel_saver* saver, const char* name, easel_array* a);
EASEL_API int32_t easel_saver_note(easel_saver* saver, const char* key, const char* value);
EASEL_API int32_t easel_saver_write(easel_saver* saver, const char* path);
EASEL_API void easel_saver_free(easel_saver* saver);
// clang-format on
