// The kernels as MLX ops. Each returns an array, or nothing if it does not cover the arguments; the caller then uses MLX's op. Both cases
// are counted. On a Mac there are no kernels.
#pragma once
#include <optional>

#include "../bounded.h"
#include "../handle.h"
#include "kernels/kernels.h"

namespace easel::cpu {

/// Counters, by the names that easel_kernel_calls takes.
enum class Op {
  conv2d,
  deconv2d,
  sdpa,
  softmax,
  gelu,
  gelu_tanh,
  silu,
  gated,
  pack,
  linear,
  layer_norm,
  rms_norm,
  group_norm,
  resample,
  quantized_linear,
  blas,
  count
};

using Maybe = std::optional<array>;

/// How a packed weight lies in memory, and what multiplies it.
enum class Form {
  floats,
  /// The weight's own half precision; some columns at a time are widened for a product of float32.
  halves,
  /// bfloat16, multiplied with the left side rounded to bfloat16: by the processor's instruction for it where there is one.
  bfloat16,
  /// The same by float32 instructions, on any processor.
  bfloat16_by_float32,
  /// Of a quantized weight alone: integers of 8 bits, to which the left side is rounded by groups. Floats where there is no instruction.
  integer,
  count
};

struct Quantization {
  int group, bits;
  /// floats, one of those of bfloat16, or integer.
  Form products;
};

/// The weight of a linear layer: [outputs, inputs], or packed by pack(), with its sizes.
struct Matrix {
  array data;
  int packing = -1;
  int outputs = 0, inputs = 0;
};

/// residual + scale · activation(product + bias); missing parts are left out.
struct ArrayEpilogue {
  Maybe bias;
  Activation activation = Activation::none;
  Maybe scale, residual;
};

#ifdef __linux__

/// Selects the instruction set for the process: by EASEL_CPU_KERNELS, or by name.
void open();
void use(const char* name);
/// Its name, or "off".
const char* chosen_name();
/// Whether the selected kernels multiply bfloat16 by an instruction of the processor.
bool has_bfloat16();
/// Whether they multiply integers of 8 bits by one that belongs to them.
bool has_integer();
/// How often the kernel of an operation ran (`covered`), or MLX had to.
int64_t calls(const char* op, bool covered);
void tally(Op op, bool covered);
/// Starts a recording of the pool's calls, as they would be on so many threads on so many nodes of memory; no threads end it.
void record(int threads, int nodes);
/// Of the calls under a label (an op's name, `blas` or `other`; null: all): 0 their number, 1 of their items, 2 nanoseconds of all items, 3 of the
/// threads that end last.
int64_t recorded(const char* label, int kind);
const char* name_of(Op op);

/// Of x, or of relu(x).
Maybe conv2d(const array& x, bool rectified, const array& weight, const ArrayEpilogue& epilogue, const Conv2d& conv);
/// A transposed convolution whose stride is its kernel; the weight has its rows · columns · outputs for outputs.
Maybe deconv2d(const array& x, const Matrix& weight, int kernel, const Maybe& bias);
Maybe sdpa(const array& q, const array& k, const array& v, const Attention& attention);
Maybe softmax(const array& x, int axis);
Maybe gelu(const array& x);
Maybe gelu_tanh(const array& x);
Maybe silu(const array& x);
Maybe gated(const array& gate, const array& x);
/// Id of the packing that the selected kernels read, or -1.
int packing(Form form);
/// Packs a matrix [outputs, inputs]: float32, or half precision where the form takes it.
array pack(const array& weight, int packing);
Maybe linear(const array& x, const Matrix& weight, const ArrayEpilogue& epilogue);
Maybe quantized_linear(const array& x, const array& weight, const array& scales, const array& biases, const Maybe& bias,
                       const Quantization& how);
Maybe layer_norm(const array& x, const Maybe& weight, const Maybe& bias, float eps);
Maybe rms_norm(const array& x, const Maybe& weight, float eps);
Maybe group_norm(const array& x, const Maybe& weight, const Maybe& bias, int groups, float eps);
Maybe resample(const array& x, const TapTable& down, const TapTable& across);

#else

inline void open() {}
inline void use(const char*) {}
inline const char* chosen_name() { return "off"; }
inline bool has_bfloat16() { return false; }
inline bool has_integer() { return false; }
inline int64_t calls(const char*, bool) { return 0; }
inline void record(int, int) {}
inline int64_t recorded(const char*, int) { return 0; }

inline Maybe conv2d(const array&, bool, const array&, const ArrayEpilogue&, const Conv2d&) { return {}; }
inline Maybe deconv2d(const array&, const Matrix&, int, const Maybe&) { return {}; }
inline Maybe sdpa(const array&, const array&, const array&, const Attention&) { return {}; }
inline Maybe softmax(const array&, int) { return {}; }
inline Maybe gelu(const array&) { return {}; }
inline Maybe gelu_tanh(const array&) { return {}; }
inline Maybe silu(const array&) { return {}; }
inline Maybe gated(const array&, const array&) { return {}; }
inline int packing(Form) { return -1; }
inline array pack(const array& weight, int) { return weight; }
inline Maybe linear(const array&, const Matrix&, const ArrayEpilogue&) { return {}; }
inline Maybe quantized_linear(const array&, const array&, const array&, const array&, const Maybe&, const Quantization&) { return {}; }
inline Maybe layer_norm(const array&, const Maybe&, const Maybe&, float) { return {}; }
inline Maybe rms_norm(const array&, const Maybe&, float) { return {}; }
inline Maybe group_norm(const array&, const Maybe&, const Maybe&, int, float) { return {}; }
inline Maybe resample(const array&, const TapTable&, const TapTable&) { return {}; }

#endif

}  // namespace easel::cpu
