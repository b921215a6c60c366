// Linux only. MLX's wheel brings the reference BLAS and LAPACK with Fortran's runtime: 12 MB for products that blas.cpp computes faster,
// and for linear algebra that our networks do not use. These stubs replace them under their file names. If MLX needs a symbol that is
// missing here, the build fails when it loads the library.
#include <stdio.h>
#include <stdlib.h>

#define ABSENT(name)                                                                                                   \
  __attribute__((noreturn)) void name(void) {                                                                          \
    fputs("easel: MLX called " #name ", a routine of LAPACK that this build leaves out. Please report it.\n", stderr); \
    abort();                                                                                                           \
  }

ABSENT(cblas_cgemm)
ABSENT(sgeev_)
ABSENT(dgeev_)
ABSENT(cgeev_)
ABSENT(sgeqrf_)
ABSENT(dgeqrf_)
ABSENT(sgesdd_)
ABSENT(dgesdd_)
ABSENT(cgesdd_)
ABSENT(sgetrf_)
ABSENT(dgetrf_)
ABSENT(sgetri_)
ABSENT(dgetri_)
ABSENT(sorgqr_)
ABSENT(dorgqr_)
ABSENT(spotrf_)
ABSENT(dpotrf_)
ABSENT(ssyevd_)
ABSENT(dsyevd_)
ABSENT(cheevd_)
ABSENT(strtri_)
ABSENT(dtrtri_)
