// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cmath>
#include <doctest/doctest.h>
#include <limits>
#include <support/bits.hpp>
#include <support/samples.hpp>

#include <qfmt/formats/nf4.hpp>

using namespace qfmt;

TEST_CASE("NF4: the table of bitsandbytes") {
  float const table[] = {-1.0f,
                         -0.6961928009986877f,
                         -0.5250730514526367f,
                         -0.39491748809814453f,
                         -0.28444138169288635f,
                         -0.18477343022823334f,
                         -0.09105003625154495f,
                         0.0f,
                         0.07958029955625534f,
                         0.16093020141124725f,
                         0.24611230194568634f,
                         0.33791524171829224f,
                         0.44070982933044434f,
                         0.5626170039176941f,
                         0.7229568362236023f,
                         1.0f};
  for (unsigned code = 0; code < 16; ++code) {
    CHECK(test::bits_of(decode(test::code<NF4>(code))) == test::bits_of(table[code]));
    CHECK(encode<NF4>(table[code]).bits == code);
  }
  CHECK(encode<NF4>(-5.0f).bits == 0);
  CHECK(encode<NF4>(std::numeric_limits<float>::infinity()).bits == 15);
  CHECK(encode<NF4>(-0.0f).bits == 7);
}

TEST_CASE("NF4: the decision points of bitsandbytes, to one unit in the last place") {
  float const thresholds[] = {-0.8480964004993439f,   -0.6106329262256622f,  -0.4599952697753906f,
                              -0.33967943489551544f,  -0.23460740596055984f, -0.13791173323988914f,
                              -0.045525018125772476f, 0.03979014977812767f,  0.1202552504837513f,
                              0.2035212516784668f,    0.2920137718319893f,   0.3893125355243683f,
                              0.5016634166240692f,    0.6427869200706482f,   0.8614784178118011f};
  auto const above = [](float x) { return std::nextafter(x, 2.0f); };
  auto const below = [](float x) { return std::nextafter(x, -2.0f); };
  unsigned different = 0;
  for (unsigned i = 0; i < 15; ++i) {
    CHECK(encode<NF4>(below(thresholds[i])).bits == i);
    CHECK(encode<NF4>(above(above(thresholds[i]))).bits == i + 1);
    different +=
        encode<NF4>(thresholds[i]).bits != i || encode<NF4>(above(thresholds[i])).bits != i + 1
            ? 1u
            : 0u;
  }
  CHECK(different == 4);  // its constants are not exactly the midpoints
}
