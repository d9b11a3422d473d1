// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstdio>

#include <qfmt/formats/all.hpp>

static_assert(qfmt::encode<qfmt::E2M1>(5.0f).bits == 6);

int main() {
  qfmt::Code<qfmt::E2M1> const code = qfmt::encode<qfmt::E2M1>(2.9f);
  std::printf("%.1f\n", static_cast<double>(qfmt::decode(code)));
}
