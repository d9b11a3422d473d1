// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>
#include <set>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/all.hpp>

using namespace qfmt;
using namespace qfmt::test;

namespace {

/// Whether two profiles give different codes for some input of a set: "finite", "infinite", "nan".
template <class F, Profile A, Profile B>
std::set<std::string> differing(std::vector<float> const& values) {
  std::set<std::string> kinds;
  for (float const x : values) {
    if (A::template encode<F>(x) != B::template encode<F>(x))
      kinds.insert(is_nan(x) ? "nan" : is_finite(x) ? "finite" : "infinite");
  }
  return kinds;
}

/// How many differ, and the smallest magnitude among them.
template <class F, Profile A, Profile B>
std::pair<int, float> finite_differences(std::vector<float> const& values) {
  int count = 0;
  float smallest = std::numeric_limits<float>::max();
  for (float const x : values) {
    if (!is_finite(x) || A::template encode<F>(x) == B::template encode<F>(x))
      continue;
    ++count;
    smallest = (std::min)(smallest, std::bit_cast<float>(magnitude_bits(x)));
  }
  return {count, smallest};
}

using Kinds = std::set<std::string>;

}  // namespace

TEST_CASE("every profile is one, and no two have the same name") {
  std::set<std::string> names;
  profile::All::for_each([&]<class P>() {
    static_assert(Profile<P>);
    names.insert(P::name);
  });
  CHECK(static_cast<int>(names.size()) == profile::All::size);
}

TEST_CASE("where two stacks differ: of all BF16 values, infinity, NaN and what overflows") {
  using namespace profile;
  auto const values = inputs("bf16");
  // The default is CudaSatfinite, everywhere.
  FloatFormats::for_each(
      [&]<class F>() { CHECK(differing<F, Qfmt, CudaSatfinite>(values).empty()); });
  CHECK(differing<E8M0, Qfmt, CudaSatfinite>(values).empty());

  // Formats without infinity and NaN: only NaN.
  CHECK(differing<E2M1, CudaSatfinite, MlDtypes>(values) == Kinds{"nan"});
  CHECK(differing<E2M3, CudaSatfinite, MlDtypes>(values) == Kinds{"nan"});
  CHECK(differing<E3M2, CudaSatfinite, MlDtypes>(values) == Kinds{"nan"});
  // Others also in the values beyond the largest, from the midpoint to the code that is not there.
  auto const [e4m3, from] = finite_differences<E4M3, CudaSatfinite, MlDtypes>(values);
  CHECK(from == 466.0f);  // the first BF16 value beyond 464
  CHECK(e4m3 == 2 * (0x7F80 - 0x43E9));
  auto const [e5m2, from_e5m2] = finite_differences<E5M2, CudaSatfinite, MlDtypes>(values);
  CHECK(from_e5m2 == 61440.0f);
  CHECK(e5m2 == 2 * (0x7F80 - 0x4770));
  CHECK(differing<E4M3, CudaNoSat, MlDtypes>(values) == Kinds{"nan"});  // its sign
  CHECK(differing<E5M2, CudaNoSat, MlDtypes>(values) == Kinds{"nan"});

  CHECK(differing<E4M3, MlDtypes, Torch2_12>(values).empty());
  CHECK(differing<E5M2, MlDtypes, Torch2_13>(values) == Kinds{"nan"});
  CHECK(differing<E4M3, CudaSatfinite, Torch2_13>(values) == Kinds{"nan"});
  CHECK(differing<E4M3, Torch2_12, Torch2_13>(values) == Kinds{"finite", "infinite"});
  CHECK(finite_differences<E4M3, Torch2_12, Torch2_13>(values).second == 466.0f);
  CHECK(differing<E4M3, TorchAO, Torch2_13>(values).empty());
  CHECK(differing<E5M2, TorchAO, Torch2_13>(values) == Kinds{"finite", "infinite"});

  // E2M1: four ties and the sign of zero.
  auto const [ggml, tie] = finite_differences<E2M1, Qfmt, Ggml>(values);
  CHECK(tie == 0.0f);
  CHECK(differing<E2M1, Ggml, DeepGemm>(values) == Kinds{"infinite"});
  CHECK(ggml == 6 + 0x3E81);  // +-0.75, +-1.75, +-3.5; -0 ... -0.25 lose their sign
}

TEST_CASE("what is prepared for a tile divides by its scale, in every profile") {
  // A profile that replaces apply() has to replace both ways of preparing for it.
  profile::All::for_each([&]<class P>() {
    INFO(std::string{P::name});
    for (float const scale : {0.25f, 1.0f, 3.5f, 448.0f}) {
      for (float const tensor : {0x1p-4f, 1.0f, 896.0f, 1234.5f}) {
        CHECK(static_cast<double>(P::apply(5.0f, P::prepare_two_level(scale, {tensor}))) ==
              doctest::Approx(static_cast<double>(5.0f * tensor / scale)).epsilon(1e-6));
      }
      CHECK(static_cast<double>(P::apply(5.0f, P::prepare(scale))) ==
            doctest::Approx(static_cast<double>(5.0f / scale)).epsilon(1e-6));
    }
  });
}

TEST_CASE("a tile of zeros gives finite parameters and zeros, in every profile") {
  profile::All::for_each([&]<class P>() {
    INFO(std::string{P::name});
    auto const zero = [&]<ElementFormat F, class Policy>(F, Policy) {
      auto const global = Policy::template fit_global<F, P, float>(0.0f);
      auto const params = Policy::template fit<F, P, float>({0.0f, 0.0f}, global);
      CHECK(is_finite(Policy::effective(params.scale, global)));
      float const prepared = Policy::template prepare<P>(params.scale, global);
      CHECK(decode(quantize_value<F, Policy, P, float>(0.0f, prepared, 0.0f)) == 0.0f);
    };
    zero(INT8{}, Symmetric{});
    zero(E4M3{}, Symmetric{});
    zero(E2M1{}, TwoLevel{});
    zero(E2M1{}, PowerOfTwo<mx::RoundUp>{});
    zero(E4M3{}, PowerOfTwo<mx::RoundUp>{});
  });
}
