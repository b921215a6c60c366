// A kernel as a node of MLX's graph, and what the ops share.
#pragma once
#include <functional>
#include <utility>

#include "ops.h"
#include "kernels/kernels.h"
#include "kernels/pool.h"
#include "mlx/backend/cpu/encoder.h"
#include "mlx/primitives.h"

namespace easel::cpu {

/// Arguments of a kernel: pointers that stay valid until MLX's stream runs it.
using Task = std::function<void()>;
using Plan = std::function<Task(const std::vector<array>& inputs, array& out, mx::cpu::CommandEncoder& encoder)>;

/// A node of MLX's graph: evaluated in order on MLX's stream, its memory from MLX's allocator.
class Kernel final : public mx::UnaryPrimitive {
 public:
  Kernel(mx::Stream stream, const char* name, Plan plan) : UnaryPrimitive(stream), title(name), plan(std::move(plan)) {}
  void eval_cpu(const std::vector<array>& inputs, array& out) override {
    out.set_data(mx::allocator::malloc(out.nbytes()));
    auto& encoder = mx::cpu::get_command_encoder(stream());
    encoder.dispatch([name = title, task = plan(inputs, out, encoder)] {
      const Label label(name);
      task();
    });
  }
  void eval_gpu(const std::vector<array>&, array&) override { throw std::runtime_error("[kernel] runs on the CPU only"); }
  const char* name() const override { return title; }

 private:
  const char* title;
  Plan plan;
};

/// An array that a kernel fills.
inline array node(Op op, mx::Shape shape, mx::Dtype dtype, std::vector<array> inputs, Plan plan) {
  tally(op, true);
  auto kernel = std::make_shared<Kernel>(mx::default_stream(mx::Device::cpu), name_of(op), std::move(plan));
  return array(std::move(shape), dtype, std::move(kernel), std::move(inputs));
}
inline Maybe node(Op op, mx::Shape shape, std::vector<array> inputs, Plan plan) {
  return node(op, std::move(shape), mx::float32, std::move(inputs), std::move(plan));
}

inline Maybe uncovered(Op op) {
  if (kernels()) tally(op, false);
  return {};
}

/// Working memory of a kernel, freed when it has run.
inline float* temporary(mx::cpu::CommandEncoder& encoder, int64_t floats) {
  if (floats == 0) return nullptr;
  // More than 2³¹ in one axis would not fit into a shape.
  array memory({static_cast<int>((floats + 1023) / 1024), 1024}, mx::float32, nullptr, {});
  memory.set_data(mx::allocator::malloc(memory.nbytes()));
  auto* data = memory.data<float>();
  encoder.add_temporary(std::move(memory));
  return data;
}

inline bool plain(const array& a) { return a.dtype() == mx::float32 && a.size() > 0; }
inline bool vector_of(const Maybe& a, int size) { return !a || (plain(*a) && a->ndim() == 1 && a->shape(0) == size); }

/// The present inputs, each contiguous; at() finds them again.
struct Inputs {
  std::vector<array> list;
  int add(const Maybe& a) {
    if (!a) return -1;
    list.push_back(mx::contiguous(*a));
    return static_cast<int>(list.size()) - 1;
  }
};
inline const float* at(const std::vector<array>& inputs, int index) { return index < 0 ? nullptr : inputs[index].data<float>(); }

}  // namespace easel::cpu
