// The tables that units fill.
#pragma once
#include "kernels.h"

#define EASEL_TABLE(unit, Kind) \
  namespace unit {              \
  extern const Kind table;      \
  }

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

EASEL_TABLE(base, Kernels)
#if defined(__x86_64__)
EASEL_TABLE(avx2, Kernels)
EASEL_TABLE(avx512, Kernels)
EASEL_TABLE(amx_three, TileKernels)
EASEL_TABLE(amx_six, TileKernels)
EASEL_TABLE(amx, Kernels)
EASEL_TABLE(amx_float32, Kernels)
EASEL_TABLE(avx512bf16, Bfloat16)
EASEL_TABLE(amx_bfloat16, Bfloat16)
EASEL_TABLE(avx2integer, Integer)
EASEL_TABLE(avxvnni, Integer)
EASEL_TABLE(avx512vnni, Integer)
EASEL_TABLE(amx_integer, Integer)
#elif defined(__aarch64__)
EASEL_TABLE(bfmmla, Bfloat16)
EASEL_TABLE(dotprod, Integer)
EASEL_TABLE(i8mm, Integer)
#endif

}  // namespace easel::cpu

#undef EASEL_TABLE
