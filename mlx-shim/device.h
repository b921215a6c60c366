// Chooses the device that computes. It does not include MLX, so a test can simulate machines.
#pragma once
#include <stdexcept>
#include <string>

namespace easel {

enum Kind { best_kind, cpu_kind, gpu_kind };

/// A machine with Metal: every array, a processor's too, lies in memory that Metal's allocator gives. MLX's own count of GPUs
/// swallows the reason when there is none, so `make`, which makes the device, is called for its exception.
template <class Make>
Kind device_with_metal(int wanted, Make&& make) {
  try {
    make();
  } catch (const std::exception& e) { throw std::runtime_error(std::string("[open] Metal does not work: ") + e.what()); }
  return wanted == cpu_kind ? cpu_kind : gpu_kind;
}

/// A machine without Metal: a GPU where MLX has one.
template <class Has>
Kind device_without_metal(int wanted, Has&& has_gpu) {
  if (wanted == cpu_kind) return cpu_kind;
  if (has_gpu()) return gpu_kind;
  if (wanted == gpu_kind) throw std::runtime_error("[open] this machine has no GPU that MLX can use");
  return cpu_kind;
}

}  // namespace easel
