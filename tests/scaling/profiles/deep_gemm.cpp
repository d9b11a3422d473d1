// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/deep_gemm.hpp>

using namespace qfmt;
using namespace qfmt::test;
using profile::DeepGemm;

namespace {

template <ElementFormat F>
void check(Record const& record) {
  std::string const name = F::name;
  auto const mx = quantize_matrix<MxScheme<F, mx::Floor, DeepGemm>>();
  CHECK_MESSAGE(packed_digest(mx) == record.one("mx " + name + " round_up")[0], name);
  CHECK_MESSAGE(scale_digest(mx) == record.one("mx " + name + " round_up")[1], name);
  CHECK_MESSAGE((mx_scales_digest<DeepGemm, F, mx::Floor>() ==
                 record.one("scales " + name + " round_up").back()),
                name);
  for (auto const& line : record.all("scale " + name + " round_up")) {
    CHECK_MESSAGE((DeepGemm::mx_scale<F, mx::Floor, float>(float_from_hex(line[0])).bits ==
                   from_hex(line[1])),
                  name, " ", line[0]);
  }
  // Scales in binary32; some tiles are below the smallest amax.
  using S = QuantScheme<F, PerGroup<32>, Symmetric, Static<AbsMax>, DeepGemm>;
  auto const groups = quantize_matrix<S>({}, matrix(0x1p-12f));
  CHECK_MESSAGE(packed_digest(groups) == record.one("groups " + name)[0], name);
  CHECK_MESSAGE(scale_digest(groups) == record.one("groups " + name)[1], name);
  auto const other = quantize_matrix<with_profile<S, profile::Torch>>({}, matrix(0x1p-12f));
  CHECK_MESSAGE(scale_digest(other) != record.one("groups " + name)[1], name);
}

}  // namespace

TEST_CASE("DeepGemm: FP8 and FP4, with scales in E8M0 and in binary32") {
  Record const record{"deep_gemm-54e2261.txt"};
  check<E4M3>(record);
  check<E2M1>(record);
  check_codes<DeepGemm, E2M1>(record);
}

TEST_CASE("DeepGemm: by hand") {
  CHECK(DeepGemm::encode<E2M1>(0.75f).bits == 0x1);
  CHECK(DeepGemm::encode<E2M1>(-0.25f).bits == 0x0);
  CHECK(DeepGemm::prepare(4.0f) == 0.25f);
  CHECK(DeepGemm::prepare_two_level(2.0f, {8.0f}) == 4.0f);
  CHECK(to_float(Symmetric::fit<E4M3, DeepGemm, float>({0.0f, 0.0f}).scale) == 1e-4f / 448.0f);
}
