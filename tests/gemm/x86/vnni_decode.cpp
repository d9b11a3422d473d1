// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/x86/decode.hpp>
#include <support/environment.hpp>

#if defined(QFMT_X86)

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("AVX-512: decoded blocks") {
  if (selected_isa() < Isa::avx512_vnni) return skip("AVX-512 VNNI");
  check_decoding<Isa::avx512_vnni>();
}

#endif
