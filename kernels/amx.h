// The kernels of AMX's tiles, compiled once for each accuracy.
#pragma once
#include "kernels.h"

namespace easel::cpu {

/// What takes the place of AVX-512's kernels. The packed form of a matrix is the same for every accuracy.
struct TileKernels {
  decltype(Kernels::packed_size) packed_size;
  decltype(Kernels::pack) pack;
  decltype(Kernels::product_memory) product_memory;
  decltype(Kernels::product) product;
  decltype(Kernels::winograd_size) winograd_size;
  decltype(Kernels::winograd_weight) winograd_weight;
  decltype(Kernels::winograd) winograd;
  decltype(Kernels::attention_size) attention_size;
  decltype(Kernels::attention) attention;
};

}  // namespace easel::cpu
