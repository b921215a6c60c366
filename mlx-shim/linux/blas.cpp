// Linux only. MLX's wheel links the reference BLAS: one thread, not vectorised. The loader searches the opened library (this one) before
// libmlx's own dependencies, so libmlx calls these functions. It needs only these two and the stubs of lapack_stubs.c.
#ifdef __linux__
#include <algorithm>

#include "kernels/kernels.h"
#include "kernels/pool.h"
#include "ops.h"

namespace {

constexpr int by_columns = 102, as_it_is = 111;

/// Double precision, unused by our networks: plain loops, a run of rows for each thread.
void product(bool turn_a, bool turn_b, long m, long n, long k, double alpha, const double* a, long lda, const double* b, long ldb,
             double beta, double* c, long ldc) {
  constexpr long run = 8, wide = 512;
  easel::cpu::parallel((m + run - 1) / run, [=](long item) {
    for (long i = item * run; i < std::min(m, (item + 1) * run); i++) {
      for (long first = 0; first < n; first += wide) {
        const long count = std::min(wide, n - first);
        double sums[wide] = {};
        for (long p = 0; p < k; p++) {
          const double left = turn_a ? a[p * lda + i] : a[i * lda + p];
          if (turn_b)
            for (long j = 0; j < count; j++) sums[j] += left * b[(first + j) * ldb + p];
          else
            for (long j = 0; j < count; j++) sums[j] += left * b[p * ldb + first + j];
        }
        double* to = c + i * ldc + first;
        for (long j = 0; j < count; j++) to[j] = alpha * sums[j] + (beta == 0 ? 0.0 : beta * to[j]);
      }
    }
  });
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

// A column-major product is the row-major product of the transposes: (A B)ᵀ = Bᵀ Aᵀ.
EXPORT void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float* a, int lda, const float* b, int ldb,
                        float beta, float* c, int ldc) {
  if (order == by_columns) std::swap(a, b), std::swap(lda, ldb), std::swap(ta, tb), std::swap(m, n);
  easel::cpu::tally(easel::cpu::Op::blas, true);
  const easel::cpu::Label label("blas");
  easel::cpu::any_kernels().gemm(ta != as_it_is, tb != as_it_is, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

EXPORT void cblas_dgemm(int order, int ta, int tb, int m, int n, int k, double alpha, const double* a, int lda, const double* b, int ldb,
                        double beta, double* c, int ldc) {
  if (order == by_columns) std::swap(a, b), std::swap(lda, ldb), std::swap(ta, tb), std::swap(m, n);
  product(ta != as_it_is, tb != as_it_is, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

#endif
