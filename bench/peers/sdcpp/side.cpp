// The side of stable-diffusion.cpp: the steps from noise to latents, with its own runner of FLUX.2's transformer.
//
//   side FOLDER OUT TYPE THREADS plain|flash SIDE TOKENS SIGMA SIGMA …
//
// TYPE is ggml's name of the weights' numbers: f32, bf16, q8_0, q4_0. FOLDER holds authors.safetensors, noise.f32 and text.f32.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "flux.hpp"
#include "model.h"
#include "util.h"

namespace {

constexpr const char* prefix = "model.diffusion_model";

std::vector<float> numbers_of(const std::string& path, size_t count) {
  std::vector<float> numbers(count);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(numbers.data()), static_cast<std::streamsize>(count * sizeof(float)))) {
    std::fprintf(stderr, "%s is too short\n", path.c_str());
    std::exit(1);
  }
  return numbers;
}

ggml_type type_of(const std::string& name) {
  for (int type = 0; type < GGML_TYPE_COUNT; type++)
    if (name == ggml_type_name(static_cast<ggml_type>(type))) return static_cast<ggml_type>(type);
  std::fprintf(stderr, "there is no type %s\n", name.c_str());
  std::exit(1);
}

double seconds_of(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

rusage used() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

double processor() {
  const rusage usage = used();
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

void print(sd_log_level_t level, const char* text, void*) {
  if (level >= SD_LOG_WARN) std::fputs(text, stderr);
}

}  // namespace

int main(int count, char** given) {
  const std::vector<std::string> args(given + 1, given + count);
  const std::string folder = args[0];
  const ggml_type type = type_of(args[2]);
  const int threads = std::stoi(args[3]);
  const int64_t side = std::stol(args[5]), tokens = std::stol(args[6]), channels = 128;
  sd_set_log_callback(print, nullptr);

  ModelLoader loader;
  if (!loader.init_from_file_and_convert_name(folder + "/authors.safetensors", std::string(prefix) + ".")) return 1;
  auto& stored = loader.get_tensor_storage_map();
  // The library leaves the ends of the network as they are in the file; float32 means all of them.
  if (type == GGML_TYPE_F32)
    for (auto& [name, one] : stored) one.expected_type = type;
  else loader.set_wtype_override(type);

  ggml_backend_t backend = ggml_backend_cpu_init();
  Flux::FluxRunner flux(backend, false, stored, prefix, loader.get_sd_version());
  flux.set_flash_attention_enabled(args[4] == "flash");
  flux.alloc_params_buffer();
  std::map<std::string, ggml_tensor*> tensors;
  flux.get_param_tensors(tensors, prefix);
  if (!loader.load_tensors(tensors, {}, threads)) return 1;

  sd::Tensor<float> latents({side, side, channels, 1}, numbers_of(folder + "/noise.f32", side * side * channels));
  const auto text = numbers_of(folder + "/text.f32", tokens * flux.flux_params.context_in_dim);
  const sd::Tensor<float> context({flux.flux_params.context_in_dim, tokens, 1}, text);

  const double busy = processor();
  const auto begun = std::chrono::steady_clock::now();
  for (size_t i = 7; i + 1 < args.size(); i++) {
    const float now = std::stof(args[i]), then = std::stof(args[i + 1]);
    const auto velocity = flux.compute(threads, latents, sd::Tensor<float>::from_vector({now}), context);
    if (velocity.empty()) return 1;
    for (int64_t j = 0; j < latents.numel(); j++) latents.data()[j] += (then - now) * velocity.data()[j];
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  const double worked = processor() - busy;
  std::ofstream(args[1], std::ios::binary)
      .write(reinterpret_cast<const char*>(latents.data()), static_cast<std::streamsize>(latents.numel() * sizeof(float)));
  std::printf("{\"seconds\": %f, \"processor\": %f, \"peak\": %ld}\n", seconds, worked, used().ru_maxrss * 1024);
}
