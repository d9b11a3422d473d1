// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <scaling/profiles/recorded.hpp>

#include <qfmt/formats/all.hpp>
#include <qfmt/scaling/profiles/torch.hpp>

using namespace qfmt;
using namespace qfmt::test;
using profile::Torch2_12;
using profile::Torch2_13;

namespace {

using Formats = TypeList<E4M3, E5M2, E4M3FNUZ, E5M2FNUZ, E8M0>;

template <Profile P>
void check(char const* name, char const* version) {
  Record const record{name};
  CHECK(record.one("package torch").front().starts_with(version));
  Formats::for_each([&]<class F>() {
    check_codes<P, F>(record);
    check_values<P, F>(record);
  });
}

}  // namespace

TEST_CASE("Torch: the casts of three versions, from every BF16 value and its neighbours") {
  static_assert(same_as<profile::Torch, Torch2_13>);
  check<Torch2_12>("torch-2.12.txt", "2.12.0");
  check<Torch2_13>("torch-2.13.txt", "2.13.0");
  check<Torch2_13>("torch-2.15.txt", "2.15.0");
}

TEST_CASE("Torch: a profile of the wrong date is told apart, by E4M3 only") {
  Record const before{"torch-2.12.txt"};
  Formats::for_each([&]<class F>() {
    bool const same = codes_digest<Torch2_13, F>(inputs("bf16")) ==
                      before.one(std::string{"codes "} + F::name + " bf16").back();
    CHECK(same == !same_as<F, E4M3>);
  });
}

TEST_CASE("Torch: by hand") {
  constexpr float inf = std::numeric_limits<float>::infinity();
  CHECK(Torch2_12::encode<E4M3>(465.0f).bits == 0x7F);
  CHECK(Torch2_13::encode<E4M3>(465.0f).bits == 0x7E);
  CHECK(Torch2_12::encode<E4M3>(-inf).bits == 0xFF);
  CHECK(Torch2_13::encode<E4M3>(-inf).bits == 0xFE);
  CHECK(Torch2_13::encode<E5M2>(inf).bits == 0x7C);
  CHECK(Torch2_13::encode<E8M0>(-3.0f).bits == 129);
  CHECK(Torch2_13::encode<E2M1>(inf).bits == 0x7);  // PyTorch has no such cast: the library's
}

TEST_CASE("Torch: the tensor scale in the decode direction, at the ends of its range") {
  auto const scale = [](float amax) { return profile::Torch::decode_direction(amax); };
  CHECK(scale(0.0f) == GlobalScale{1.0f});
  CHECK(scale(2688.0f) == GlobalScale{1.0f});
  CHECK(scale(5376.0f).decode_scale() == 2.0f);
  CHECK(scale(0x1p-149f).encode_scale == 0x1p127f);
  CHECK(scale(0x1p-149f).decode_scale() == 0x1p-127f);
}
