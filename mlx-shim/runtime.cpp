// Opening, errors, devices, memory.
#include <cstdlib>

#include "device.h"
#include "handle.h"
#include "linux/ops.h"

#ifdef __APPLE__
#include "mlx/backend/metal/metal.h"
#endif

using namespace easel;

namespace {

using Property = std::variant<std::string, size_t>;

const Property* property(const char* key) {
  const auto& info = mx::device_info(mx::default_device());
  auto found = info.find(key);
  return found == info.end() ? nullptr : &found->second;
}

}  // namespace

int32_t easel_open([[maybe_unused]] const char* metallib, int32_t device) {
  return guarded([&] {
    // Newer GPUs would round the factors of single-precision products to ten bits. Who sets the variable keeps the choice.
    setenv("MLX_ENABLE_TF32", "0", 0);
#ifdef __APPLE__
    if (metallib && *metallib) mx::metal::set_metallib_path(metallib);
    const auto kind = device_with_metal(device, [] { mx::device_info(mx::Device::gpu); });
#else
    const auto kind = device_without_metal(device, [] { return mx::is_available(mx::Device::gpu); });
#endif
    easel::cpu::open();
    mx::set_default_device(kind == gpu_kind ? mx::Device::gpu : mx::Device::cpu);
    return 1;
  });
}

const char* easel_error() { return last_error.c_str(); }
const char* easel_version() { return mx::version(); }
int64_t easel_live() { return live; }

int32_t easel_device() {
  return guarded([] { return on_cpu() ? cpu_kind : gpu_kind; });
}

const char* easel_device_text(const char* key) {
  return guarded([&]() -> const char* {
    const auto* found = property(key);
    const auto* text = found ? std::get_if<std::string>(found) : nullptr;
    return text ? text->c_str() : "";
  });
}

int64_t easel_device_number(const char* key) {
  return guarded([&]() -> int64_t {
    const auto* found = property(key);
    const auto* number = found ? std::get_if<size_t>(found) : nullptr;
    return number ? static_cast<int64_t>(*number) : 0;
  });
}

int32_t easel_use_kernels(const char* name) {
  return guarded([&] { return easel::cpu::use(name), 1; });
}

const char* easel_kernels() { return easel::cpu::chosen_name(); }

int32_t easel_has_bfloat16() { return easel::cpu::has_bfloat16(); }

int32_t easel_has_integer() { return easel::cpu::has_integer(); }

int64_t easel_kernel_calls(const char* op, int32_t covered) {
  int64_t calls = -1;
  guarded([&] { return calls = easel::cpu::calls(op, covered != 0); });
  return calls;
}

int32_t easel_record(int32_t threads, int32_t nodes) {
  return guarded([&] { return easel::cpu::record(threads, nodes), 1; });
}

int64_t easel_recorded(const char* label, int32_t kind) {
  int64_t number = -1;
  guarded([&] { return number = easel::cpu::recorded(label, kind), 1; });
  return number;
}

int64_t easel_memory(int32_t kind) {
  return guarded([&]() -> int64_t {
    switch (kind) {
      case 0:
        return mx::get_active_memory();
      case 1:
        return mx::get_peak_memory();
      case 2:
        return mx::get_cache_memory();
      default:
        throw std::invalid_argument("[memory] there is no counter " + std::to_string(kind));
    }
  });
}

int32_t easel_reset_peak() {
  return guarded([] { return mx::reset_peak_memory(), 1; });
}

// The limit before may be 0, so a failure is -1.
int64_t easel_set_limit(int32_t kind, int64_t bytes) {
  int64_t before = -1;
  guarded([&] {
    if (bytes < 0) throw std::invalid_argument("[set_limit] a limit is not negative");
    switch (kind) {
      case 0:
        return before = mx::set_cache_limit(bytes);
      case 1:
        return before = mx::set_memory_limit(bytes);
      case 2:
        return before = mx::set_wired_limit(bytes);
      default:
        throw std::invalid_argument("[set_limit] there is no limit " + std::to_string(kind));
    }
  });
  return before;
}

int32_t easel_clear_cache() {
  return guarded([] { return mx::clear_cache(), 1; });
}

int32_t easel_synchronize() {
  return guarded([] { return mx::synchronize(), 1; });
}

// For tests: neither kind of exception may cross the ABI.
int32_t easel_throw(int32_t kind) {
  return guarded([&]() -> int32_t {
    if (kind == 0) throw std::runtime_error("[throw] thrown on purpose");
    throw kind;
  });
}
