// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <vector>

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/convert.hpp>

// What the vector paths compute is tested in x86/; here that the portable way and the selected one
// agree, for formats with a path and without.

using namespace qfmt;

namespace {

template <class F, class T>
void check(std::vector<float> const& values) {
  std::vector<T> source;
  for (float const x : values) source.push_back(from_float<T>(x));
  auto const count = static_cast<index_t>(values.size());
  std::vector<Code<F>> codes(values.size());
  std::vector<T> back(values.size());
  for (Isa const isa : {Isa::portable, selected_isa()}) {
    encode_values(source.data(), count, codes.data(), isa);
    decode_codes(codes.data(), count, back.data(), isa);
    for (std::size_t i = 0; i < values.size(); ++i) {
      CHECK(codes[i] == encode<F>(to_float(source[i])));
      CHECK(to_float(back[i]) == to_float(from_float<T>(decode(codes[i]))));
    }
  }
}

}  // namespace

TEST_CASE("many conversions at once are those of one value") {
  std::vector<float> values;
  for (int i = -50; i <= 50; ++i) values.push_back(0.37f * static_cast<float>(i));
  check<E4M3, float>(values);
  check<E2M1, Code<BF16>>(values);
  check<INT8, Code<FP16>>(values);
  check<FP16, float>(values);  // no path: the portable way
  check<BF16, Code<FP16>>(values);
}
