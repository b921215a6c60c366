// Linux only. MLX's wheel brings the reference BLAS and LAPACK, with Fortran's runtime below them. These stand in their place, under
// their file names, and go on to OpenBLAS, which holds the same functions under a prefix: 12 MB less, and faster.
// A name that MLX wants and that is missing here stops the build when it loads the library.
#if defined(__linux__)
#if defined(__aarch64__)
#define JUMP b
#define VIA(name) name
#define FUNCTION %function
#define PROGBITS %progbits
#else
#define JUMP jmp
#define VIA(name) name@PLT
#define FUNCTION @function
#define PROGBITS @progbits
#endif
#define FORWARD(name) .globl name; .type name, FUNCTION; name: JUMP VIA(scipy_##name)

.text
FORWARD(cblas_sgemm)
FORWARD(cblas_dgemm)
FORWARD(cblas_cgemm)
FORWARD(sgeev_)
FORWARD(dgeev_)
FORWARD(cgeev_)
FORWARD(sgeqrf_)
FORWARD(dgeqrf_)
FORWARD(sgesdd_)
FORWARD(dgesdd_)
FORWARD(cgesdd_)
FORWARD(sgetrf_)
FORWARD(dgetrf_)
FORWARD(sgetri_)
FORWARD(dgetri_)
FORWARD(sorgqr_)
FORWARD(dorgqr_)
FORWARD(spotrf_)
FORWARD(dpotrf_)
FORWARD(ssyevd_)
FORWARD(dsyevd_)
FORWARD(cheevd_)
FORWARD(strtri_)
FORWARD(dtrtri_)
.section .note.GNU-stack, "", PROGBITS
#endif
