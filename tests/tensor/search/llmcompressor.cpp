// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The scales that llm-compressor's search over squares found, bit for bit. Types of tensors differ in
// the rounding of scales and quotients: each policy is compared in all of them, each granularity in one.

#include "llmcompressor.hpp"

using namespace qfmt;
using namespace qfmt::test;

TEST_CASE("memoryless_mse: tensors, channels, groups, ragged blocks, MX and NVFP4") {
  using S = Schemes<MemorylessMse>;
  check<S::Int8Tensor, Code<BF16>>(recorded(), "int8_tensor");
  check<S::Int8Channel, Code<BF16>, float>(recorded(), "int8_channel");
  check<S::Int4ChannelAsym, Code<BF16>>(recorded(), "int4_channel_asym");
  check<S::Int4Group, Code<BF16>>(recorded(), "int4_group32");
  check<S::Int4GroupAsym, Code<BF16>, float, Code<FP16>>(recorded(), "int4_group32_asym");
  check<S::Fp8Channel, Code<BF16>, float>(recorded(), "fp8_channel");
  check<S::Fp8Block, Code<BF16>, Code<FP16>>(recorded(), "fp8_block");
  check<S::Mxfp4, Code<BF16>, float>(recorded(), "mxfp4");
  check<S::Mxfp8, Code<BF16>, Code<FP16>>(recorded(), "mxfp8");
  check<S::Nvfp4, Code<BF16>, float, Code<FP16>>(recorded(), "nvfp4");
}
