// expect-error: ignoring return value
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// encode does nothing but return.

#include <qfmt/formats/e4m3.hpp>

void run() {
  qfmt::encode<qfmt::E4M3>(1.0f);
}
