// Written by tools/kernels/fit.ts. Lowest power first.
#pragma once

namespace easel::cpu {

/// 2^x on [-1/2, 1/2]; relative error 2.1e-7.
constexpr float exp2_terms[] = {1.0000001192092896f,  0.6931469440460205f,   0.24022120237350464f,
                                0.05550713092088699f, 0.009675540961325169f, 0.001327647129073739f};

/// log2 of the normal distribution's upper tail on [0, 6]; the tail's error is 2.9e-8.
constexpr float log2_tail_terms[] = {-1.0f,
                                     -1.1511043310165405f,
                                     -0.4592207968235016f,
                                     -0.05243748798966408f,
                                     0.006937412545084953f,
                                     0.000006930048584763426f,
                                     -0.00027851949562318623f,
                                     0.00007262626604642719f,
                                     -0.000009072241482499521f,
                                     4.7230005861820246e-7f};
constexpr float tail_end = 6.0f;

}  // namespace easel::cpu
