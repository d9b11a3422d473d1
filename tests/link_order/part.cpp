// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Compiled twice, with different flags and another PART each time: a checksum of what it quantizes and
// multiplies.

#include <cstdint>
#include <cstdlib>
#include <vector>

#include <qfmt/core/random.hpp>
#include <qfmt/gemm/gemm.hpp>
#include <qfmt/tensor/convert.hpp>
#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize.hpp>

namespace {

using namespace qfmt;

struct Checksum {
  std::uint64_t value = 0xCBF29CE484222325u;  // FNV-1a

  template <class T>
  void add(std::vector<T> const& items) {
    auto const* const bytes = reinterpret_cast<unsigned char const*>(items.data());
    for (std::size_t i = 0; i < items.size() * sizeof(T); ++i)
      value = (value ^ bytes[i]) * 0x100000001B3u;
  }
};

template <class T>
std::vector<T> uniform(index_t count) {
  Philox const random{3};
  std::vector<T> values;
  for (std::uint64_t i = 0; i < static_cast<std::uint64_t>(count); ++i)
    values.push_back(from_float<T>(static_cast<float>(random(i)) * 0x1p-31f - 1.0f));
  return values;
}

template <class S, class T>
void add_scheme(Checksum& sum, Isa isa) {
  Shape const shape{9, 333};
  std::vector<T> const values = uniform<T>(shape.size());
  auto const tensor = quantize<S, T>({values.data(), shape}, Serial{}, {}, isa);
  std::vector<float> back(values.size());
  if (!tensor ||
      dequantize<S, float>(tensor->view(), {back.data(), shape}, Serial{}, isa) != Status::ok)
    std::abort();
  sum.add(tensor->codes);
  sum.add(tensor->scales);
  sum.add(tensor->zero_points);
  sum.add(back);
}

/// Products of a few and of many tokens, by the kernels of selected_isa().
template <Accuracy A, class S>
void add_products(Checksum& sum) {
  constexpr index_t tokens = 37, outputs = 45, depth = 333;
  std::vector<float> const values = uniform<float>((tokens + outputs) * depth);
  auto const weight = quantize<S>(MatrixView<float const>{values.data(), {outputs, depth}});
  if (!weight)
    std::abort();
  Prepacked<S> const packed = prepack(weight->view());
  float const* const x = values.data() + outputs * depth;
  for (index_t const count : {index_t{1}, index_t{7}, tokens}) {
    std::vector<float> y(static_cast<std::size_t>(count * outputs));
    if (gemm<A>(MatrixView<float const>{x, {count, depth}}, packed.view(),
                MatrixView<float>{y.data(), {count, outputs}}) != Status::ok)
      std::abort();
    sum.add(y);
  }
}

}  // namespace

std::uint64_t PART(qfmt::Isa isa) {
  Checksum sum;
  using Package = profile::CompressedTensors;
  add_scheme<preset::NVFP4::Weights, float>(sum, isa);
  add_scheme<with_profile<preset::NVFP4::Weights, Package>, Code<BF16>>(sum, isa);
  add_scheme<preset::W4A16_ASYM::Weights, float>(sum, isa);
  add_scheme<with_profile<preset::W8A8::InputActivations, Package>, Code<FP16>>(sum, isa);
  add_scheme<preset::FP8_BLOCK::Weights, float>(sum, isa);
  add_scheme<preset::W3A16::Weights, Code<BF16>>(sum, isa);
  add_products<Accuracy::A8, preset::NVFP4::Weights>(sum);
  add_products<Accuracy::F32, preset::NVFP4::Weights>(sum);
  add_products<Accuracy::BF16, preset::NVFP4::Weights>(sum);
  add_products<Accuracy::F32, preset::FP8_DYNAMIC::Weights>(sum);
  return sum.value;
}
