// expect-error: there is nothing to calibrate or to freeze
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Dynamic parameters are never frozen.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/frozen.hpp>

using TokenFp8 = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerToken, qfmt::Symmetric, qfmt::Dynamic>;
auto const frozen = qfmt::Frozen<TokenFp8>::from_stored({1, 64}, {1.0f});
