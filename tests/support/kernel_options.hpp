// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// How a translation unit of kernels is compiled; included before the headers that it tests. In an
// ordinary run so that many inputs take seconds. In an exhaustive run as QFMT_TEST_KERNEL_FLAGS
// says (tests/CMakeLists.txt): then the library gets another name here, so that its inline
// functions, compiled with those flags, are not merged with those of the rest of the program.

#if defined(QFMT_TEST_KERNEL_FLAGS_GIVEN)
#define qfmt qfmt_as_given  // NOLINT(readability-identifier-naming)
#elif defined(__GNUC__) && !defined(__clang__)
// Two passes duplicate branches, and g++ 12 then finds no vector form of most loops.
#pragma GCC optimize("O2", "no-thread-jumps", "no-tree-pre")
#endif

#if defined(__GNUC__) && defined(__x86_64__) && !defined(__AVX2__)
#define QFMT_TEST_KERNEL __attribute__((target("avx2"), flatten))
#elif defined(__GNUC__)
#define QFMT_TEST_KERNEL __attribute__((flatten))
#else
#define QFMT_TEST_KERNEL
#endif
