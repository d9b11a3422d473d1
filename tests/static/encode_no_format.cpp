// expect-error: no matching function
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A number type is not a format.

#include <qfmt/formats/convert.hpp>

auto const code = qfmt::encode<float>(1.0f);
