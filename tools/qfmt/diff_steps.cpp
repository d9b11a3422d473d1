// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include "diff_steps.hpp"

#include <qfmt/formats/int4.hpp>
#include <qfmt/formats/int8.hpp>
#include <qfmt/scaling/block_format.hpp>
#include <qfmt/scaling/profiles/all.hpp>
#include <qfmt/scaling/quantize_value.hpp>

namespace qfmt::tool {
namespace {

// A scale is carried as the bits that are stored.
inline uint32_t to_bits(float x) {
  return bit_cast<uint32_t>(x);
}
template <ElementFormat F>
uint32_t to_bits(Code<F> code) {
  return code.bits;
}
template <class Stored>
Stored from_bits(uint32_t bits) {
  if constexpr (same_as<Stored, float>) {
    return bit_cast<float>(bits);
  } else {
    return {static_cast<decltype(Stored::bits)>(bits)};
  }
}

template <class Policy>
typename Policy::Global global_of([[maybe_unused]] GlobalScale tensor_scale) {
  if constexpr (same_as<typename Policy::Global, NoGlobal>) {
    return {};
  } else {
    return tensor_scale;
  }
}

template <class F, class Policy, class N, class T>
constexpr Steps steps() {
  using Stored = typename Policy::Stored;
  Steps s{};
  if constexpr (!same_as<typename Policy::Global, NoGlobal>) {
    s.tensor_scale = [](float amax) { return Policy::template fit_global<F, N, T>(amax); };
  }
  s.scale = [](float amax, GlobalScale tensor) {
    return to_bits(
        Policy::template fit<F, N, T>(Range{-amax, amax}, global_of<Policy>(tensor)).scale);
  };
  s.scale_value = [](uint32_t scale, GlobalScale tensor) {
    return Policy::effective(from_bits<Stored>(scale), global_of<Policy>(tensor));
  };
  s.prepare = [](uint32_t scale, GlobalScale tensor) {
    return Policy::template prepare<N>(from_bits<Stored>(scale), global_of<Policy>(tensor));
  };
  s.quotient = [](float x, float prepared) {
    return round_to<typename Policy::template Quotient<N, T>>(N::apply(x, prepared));
  };
  s.code = [](float quotient) -> uint32_t { return N::template encode<F>(quotient).bits; };
  s.code_value = [](uint32_t code) {
    return decode(Code<F>{static_cast<typename F::storage_type>(code)});
  };
  s.scale_digits = 2 * static_cast<int>(sizeof(Stored));
  s.code_digits = (F::bits + 3) / 4;
  return s;
}

/// A scheme for the types of tensors: symmetric scales are stored in the tensor's type.
struct SymmetricPolicy {
  template <class T>
  using Of = SymmetricScale<T>;
};
template <class P>
struct SamePolicy {
  template <class T>
  using Of = P;
};

template <class N, class F, class Policies>
Steps const* of_type(io::Dtype dtype) {
  static constexpr Steps f32 = steps<F, typename Policies::template Of<float>, N, float>();
  static constexpr Steps bf16 =
      steps<F, typename Policies::template Of<Code<BF16>>, N, Code<BF16>>();
  static constexpr Steps f16 =
      steps<F, typename Policies::template Of<Code<FP16>>, N, Code<FP16>>();
  return dtype == io::Dtype::F32    ? &f32
         : dtype == io::Dtype::BF16 ? &bf16
         : dtype == io::Dtype::F16  ? &f16
                                    : nullptr;
}

template <class N>
Steps const* of_scheme(std::string const& scheme, io::Dtype dtype) {
  if (scheme == "FP8" || scheme == "FP8_DYNAMIC" || scheme == "FP8_BLOCK")
    return of_type<N, E4M3, SymmetricPolicy>(dtype);
  if (scheme == "W8A8")
    return of_type<N, INT8, SymmetricPolicy>(dtype);
  if (scheme == "W4A16")
    return of_type<N, INT4, SymmetricPolicy>(dtype);
  if (scheme == "NVFP4A16")
    return of_type<N, E2M1, SamePolicy<NVFP4::Policy>>(dtype);
  if (scheme == "MXFP4A16")
    return of_type<N, E2M1, SamePolicy<MXFP4::Policy>>(dtype);
  if (scheme == "MXFP8A16")
    return of_type<N, E4M3, SamePolicy<MXFP8_E4M3::Policy>>(dtype);
  return nullptr;
}

}  // namespace

std::vector<DiffScheme> const& diff_schemes() {
  static std::vector<DiffScheme> const schemes = {
      {"FP8", [](Shape matrix) { return matrix; }},
      {"FP8_DYNAMIC",
       [](Shape matrix) {
         return Shape{1, matrix.cols};
       }},
      {"FP8_BLOCK",
       [](Shape) {
         return Shape{128, 128};
       }},
      {"W8A8",
       [](Shape matrix) {
         return Shape{1, matrix.cols};
       }},
      {"W4A16",
       [](Shape) {
         return Shape{1, 128};
       }},
      {"NVFP4A16",
       [](Shape) {
         return Shape{1, 16};
       }},
      {"MXFP4A16",
       [](Shape) {
         return Shape{1, 32};
       }},
      {"MXFP8A16",
       [](Shape) {
         return Shape{1, 32};
       }},
  };
  return schemes;
}

std::vector<std::string> profile_names() {
  std::vector<std::string> names;
  profile::All::for_each([&]<class N>() { names.push_back(N::name); });
  return names;
}

Steps const* find_steps(std::string const& scheme, std::string const& profile, io::Dtype dtype) {
  Steps const* found = nullptr;
  profile::All::for_each([&]<class N>() {
    if (profile == N::name)
      found = of_scheme<N>(scheme, dtype);
  });
  return found;
}

}  // namespace qfmt::tool
