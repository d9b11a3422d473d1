// expect-error: the tiles of this scheme do not span all rows
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// No scale of a token can be known before the token comes.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>

using StaticTokens = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerToken>;
qfmt::Calibrator<StaticTokens> calibrator{64};
