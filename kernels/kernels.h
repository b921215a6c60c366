// The table of kernels: plain functions over float32 memory. kernels.inc is compiled once for each instruction set.
#pragma once
#include <cstdint>
#include <string>

namespace easel::cpu {

/// A 2-D convolution of one group, channels last: x is [batch, height, width, channels], the weight [outputs, rows, columns, channels].
struct Convolution {
  long batch, height, width, channels, outputs;
  /// Strides of x between pictures, rows and pixels.
  long image, row, pixel;
  /// Padding before the first row and column; padding behind the last ones shows in the size of the result.
  long kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
  long out_h, out_w;
  /// Convolves relu(x) instead of x.
  bool rectified;
};

/// Four axes: batch, head, row, channel.
struct Strided {
  const float* data;
  long batch, head, row, channel;
};

/// Added to the scores; as bytes, it selects the scores that count. No data: no mask.
struct Mask {
  const void* data;
  long batch, head, row, column;
  bool bytes;
};

/// Resampling along one axis: each of `size` outputs is a weighted sum of `count` inputs. Count 0: the axis is unchanged.
struct Taps {
  const int32_t* indices;
  const float* weights;
  long size, count;
};

/// A weight [n, k], each row a bit stream; groups of neighbours in a row share a scale and a bias. 2 to 6 or 8 bits.
struct Quantized {
  const uint8_t* weight;
  const float *scales, *biases;
  long n, k;
  int bits, group;
};

struct AttentionShape {
  long batch, heads, kv_heads, queries, keys, width, value_width;
  float scale;
  bool causal;
};

enum class Activation { none, gelu, gelu_tanh, silu, relu, count };

/// Follows a product: out = residual + scale · activation(sum + bias). Null parts are left out. Bias and scale have one value for each
/// column; the residual has the layout of out.
struct Epilogue {
  const float* bias = nullptr;
  Activation activation = Activation::none;
  const float* scale = nullptr;
  const float* residual = nullptr;
};

/// Numbers of 16 bits.
enum class Half { float16, bfloat16 };

/// Products of numbers rounded to bfloat16, with float32 sums.
struct Bfloat16 {
  /// The instruction that multiplies; "float32" where the numbers are widened in registers.
  const char* name;
  /// Words that a packed weight [n, k] takes.
  long (*packed_size)(long n, long k);
  void (*pack)(const float* w, long ld, long n, long k, uint32_t* packed);
  void (*product)(const float* x, long ldx, const uint32_t* packed, const Epilogue& epilogue, long m, long n, long k, float* out, long ldo);
};

/// Products of quantized weights with rows that are rounded to 8 bits, group by group, with sums of integers.
struct Integer {
  /// The instruction set that multiplies.
  const char* name;
  /// Words that n packed rows of a weight take.
  long (*packed_size)(long n, long k, int group);
  /// Packs rows [first, first + rows) on the calling thread.
  void (*pack)(const Quantized& w, long first, long rows, uint32_t* packed);
  /// x is contiguous.
  void (*product)(const float* x, const uint32_t* packed, int bits, int group, const Epilogue& epilogue, long m, long n, long k, float* out,
                  long ldo);
};

/// A quantized weight is not packed for at most this many rows.
constexpr long quantized_few = 48;

struct Kernels {
  const char* name;

  /// Floats that a packed matrix of n columns (n rows of a weight [n, k]) takes.
  long (*packed_size)(long n, long k);
  /// Packs a weight [n, k], or [k, n] if `columns`, with row stride ld, into panels.
  void (*pack)(const float* w, long ld, bool columns, long n, long k, float* packed);
  /// Floats of working memory for a product.
  long (*product_memory)(long m, long n, long k);
  /// x w with its epilogue, into out.
  void (*product)(const float* x, long ldx, const float* packed, const Epilogue& epilogue, long m, long n, long k, float* memory,
                  float* out, long ldo);

  long (*winograd_size)(long outputs, long channels);
  void (*winograd_weight)(const float* weight, long outputs, long channels, float* packed);
  void (*winograd)(const float* x, const float* packed, const Epilogue& epilogue, const Convolution& c, float* out);
  /// Any other convolution: the weight is packed as a matrix [outputs, rows · columns · channels].
  long (*convolution_size)(long outputs, long deep);
  void (*convolution_weight)(const float* weight, long outputs, long deep, float* packed);
  void (*convolution)(const float* x, const float* packed, const Epilogue& epilogue, const Convolution& c, float* out);

  long (*attention_size)(const AttentionShape& s);
  /// out is [batch, queries, heads, value width]; memory has attention_size floats.
  void (*attention)(const Strided& q, const Strided& k, const Strided& v, const Mask& mask, const AttentionShape& s, float* memory,
                    float* out);

  void (*softmax)(const float* x, long rows, long n, float* out);
  void (*gelu)(const float* x, long n, float* out);
  void (*gelu_tanh)(const float* x, long n, float* out);
  void (*silu)(const float* x, long n, float* out);
  /// silu(gate) · x, rows of n with these strides.
  void (*gated)(const float* gate, long gate_apart, const float* x, long apart, long rows, long n, float* out);
  /// weight and bias may be null.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, long rows, long n, float eps, float* out);
  void (*rms_norm)(const float* x, const float* weight, long rows, long n, float eps, float* out);
  /// x is [batch, pixels, channels].
  void (*group_norm)(const float* x, const float* weight, const float* bias, long batch, long pixels, long channels, long groups, float eps,
                     float* out);
  /// x is [batch, height, width, channels]; one axis at least has taps.
  void (*resample)(const float* x, long batch, long height, long width, long channels, const Taps& down, const Taps& across, float* out);

  /// c = alpha a b + beta c, row-major; a is [m, k], or [k, m] if transposed, and b likewise. With beta 0, c is not read.
  void (*gemm)(bool turn_a, bool turn_b, long m, long n, long k, float alpha, const float* a, long lda, const float* b, long ldb,
               float beta, float* c, long ldc);

  /// Numbers of 16 bits as float32, on the calling thread; and back, of numbers that the type has.
  void (*widen)(const uint16_t* from, Half type, long n, float* to);
  void (*narrow)(const float* from, Half type, long n, uint16_t* to);
  /// By this instruction set's float32.
  const Bfloat16* bfloat16;

  /// Converts rows of a quantized weight to float32 on the calling thread.
  void (*dequantize)(const Quantized& w, long from, long rows, float* to);
  /// out = x wᵀ + bias for at most quantized_few rows, contiguous; bias may be null.
  void (*quantized_product)(const Quantized& w, const float* x, const float* bias, long m, float* out);
};

/// Selects an instruction set by name: off, base, avx2, avx512, amx or amx_float32; empty is the best of this processor. Throws if it is missing.
void dispatch(const std::string& wanted);

/// The selected table, or null when kernels are off.
const Kernels* kernels();

/// Tables of this processor by number, best first. The table that packed a matrix must read it, whatever is selected since. Null: no such
/// number.
const Kernels* kernels_at(int number);

/// Products of bfloat16 by number; null: no such number. The one that packed a weight must read it.
const Bfloat16* bfloat16_at(int number);

/// Number of those of the selected table: by the processor's own instruction where it has one that belongs to the table, else, or if
/// `by_float32`, by the table's float32. -1 when kernels are off.
int bfloat16_number(bool by_float32);

/// Whether that instruction is there.
bool bfloat16_built_in();

/// Products with sums of integers by an instruction that belongs to the selected table; null: there is none.
const Integer* integer_products();

/// The selected table, or the best when kernels are off: MLX's own products need one.
const Kernels& any_kernels();

}  // namespace easel::cpu
