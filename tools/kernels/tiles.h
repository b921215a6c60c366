// AMX's instructions written out in C++, for tests and measurements on processors that lack them. Compiled in front of a source with
// `-include tools/kernels/tiles.h`, it takes the place of the compiler's own.
#pragma once
#if defined(__x86_64__)
#include <immintrin.h>

#include <atomic>
#include <cstdint>
#include <cstring>

#define TILES_WRITTEN_OUT

#undef _tile_zero
#undef _tile_loadd
#undef _tile_stored
#undef _tile_dpbf16ps
#undef _tile_dpbsud
#define _tile_loadconfig(shape) written_out::configure(shape)
#define _tile_release() written_out::release()
#define _tile_zero(t) written_out::zero(t)
#define _tile_loadd(t, from, stride) written_out::load(t, from, stride)
#define _tile_stored(t, to, stride) written_out::store(t, to, stride)
#define _tile_dpbf16ps(c, a, b) written_out::multiply_bfloat16(c, a, b)
#define _tile_dpbsud(c, a, b) written_out::multiply_bytes(c, a, b)

namespace written_out {

/// Uses that a processor would refuse: tiles without a configuration, or whose shapes do not fit.
inline std::atomic<int> misuses{0};

/// Up to 16 rows of up to 64 bytes; what is beyond the configured shape is zero.
struct Tile {
  alignas(64) unsigned char rows[16][64];
  int height = 0, bytes = 0;
};
inline thread_local Tile tiles[8];
inline thread_local bool configured = false;

inline void configure(const void* shape) {
  const auto* bytes = static_cast<const unsigned char*>(shape);
  misuses += bytes[0] != 1;
  for (int t = 0; t < 8; t++) {
    uint16_t wide;
    std::memcpy(&wide, bytes + 16 + 2 * t, sizeof wide);
    const int height = bytes[48 + t];
    misuses += wide > 64 || wide % 4 != 0 || height > 16;
    tiles[t].bytes = wide, tiles[t].height = height;
    std::memset(tiles[t].rows, 0, sizeof tiles[t].rows);
  }
  configured = true;
}
inline void release() { configured = false; }
inline void zero(int t) {
  misuses += !configured || tiles[t].height == 0;
  std::memset(tiles[t].rows, 0, sizeof tiles[t].rows);
}
inline void load(int t, const void* from, long stride) {
  zero(t);
  for (int i = 0; i < tiles[t].height; i++) std::memcpy(tiles[t].rows[i], static_cast<const char*>(from) + i * stride, tiles[t].bytes);
}
inline void store(int t, void* to, long stride) {
  misuses += !configured || tiles[t].height == 0;
  for (int i = 0; i < tiles[t].height; i++) std::memcpy(static_cast<char*>(to) + i * stride, tiles[t].rows[i], tiles[t].bytes);
}
inline void require_shapes(int c, int a, int b) {
  misuses += !configured || tiles[c].height != tiles[a].height || tiles[c].bytes != tiles[b].bytes || tiles[a].bytes != 4 * tiles[b].height;
}

/// The products of a row's even numbers are added up from zero, and those of its odd ones; then both are added to the sum. A product of two
/// numbers of bfloat16 is exact, so a product and a sum round as one operation.
inline void multiply_halves(int c, int a, int b) {
  const auto number = [](uint32_t bits) {
    float x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
  };
  for (int i = 0; i < tiles[a].height; i++) {
    for (int j = 0; j < tiles[c].bytes / 4; j++) {
      float even = 0, odd = 0, sum;
      for (int p = 0; p < tiles[a].bytes / 4; p++) {
        uint32_t left, right;
        std::memcpy(&left, tiles[a].rows[i] + 4 * p, sizeof left);
        std::memcpy(&right, tiles[b].rows[p] + 4 * j, sizeof right);
        even += number(left << 16) * number(right << 16);
        odd += number(left & 0xffff0000u) * number(right & 0xffff0000u);
      }
      std::memcpy(&sum, tiles[c].rows[i] + 4 * j, sizeof sum);
      sum += even + odd;
      std::memcpy(tiles[c].rows[i] + 4 * j, &sum, sizeof sum);
    }
  }
}
/// The same by AVX-512.
__attribute__((target("avx512f"))) inline void multiply_halves_wide(int c, int a, int b) {
  const __m512i high = _mm512_set1_epi32(static_cast<int>(0xffff0000u));
  const int height = tiles[a].height, pairs = tiles[a].bytes / 4;
  __m512 even[16], odd[16];
  for (int i = 0; i < 16; i++) even[i] = odd[i] = _mm512_setzero_ps();
  for (int p = 0; p < pairs; p++) {
    const __m512i right = _mm512_load_si512(tiles[b].rows[p]);
    const __m512 even_right = _mm512_castsi512_ps(_mm512_maskz_slli_epi32(-1, right, 16)),
                 odd_right = _mm512_castsi512_ps(_mm512_and_epi32(right, high));
    for (int i = 0; i < height; i++) {
      int pair;
      std::memcpy(&pair, tiles[a].rows[i] + 4 * p, sizeof pair);
      const __m512i left = _mm512_set1_epi32(pair);
      even[i] = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_maskz_slli_epi32(-1, left, 16)), even_right, even[i]);
      odd[i] = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_and_epi32(left, high)), odd_right, odd[i]);
    }
  }
  for (int i = 0; i < height; i++)
    _mm512_store_ps(tiles[c].rows[i], _mm512_add_ps(_mm512_load_ps(tiles[c].rows[i]), _mm512_add_ps(even[i], odd[i])));
}

/// Subnormal numbers count as zero, and so do results that would be.
inline void multiply_bfloat16(int c, int a, int b) {
  constexpr unsigned zeros = 0x8040;
  require_shapes(c, a, b);
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | zeros);
  asm volatile("" ::: "memory");
  static const bool wide = __builtin_cpu_supports("avx512f");
  if (wide) multiply_halves_wide(c, a, b);
  else multiply_halves(c, a, b);
  asm volatile("" ::: "memory");
  _mm_setcsr(before);
}

/// Four products of a byte with a sign and one without are added to each sum, which wraps around.
inline void multiply_bytes(int c, int a, int b) {
  require_shapes(c, a, b);
  for (int i = 0; i < tiles[a].height; i++) {
    for (int j = 0; j < tiles[c].bytes / 4; j++) {
      uint32_t sum;
      std::memcpy(&sum, tiles[c].rows[i] + 4 * j, sizeof sum);
      for (int p = 0; p < tiles[a].bytes; p++)
        sum += static_cast<uint32_t>(static_cast<int8_t>(tiles[a].rows[i][p]) * tiles[b].rows[p / 4][4 * j + p % 4]);
      std::memcpy(tiles[c].rows[i] + 4 * j, &sum, sizeof sum);
    }
  }
}

}  // namespace written_out
#endif
