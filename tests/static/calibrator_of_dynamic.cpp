// expect-error: there is nothing to calibrate
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Dynamic parameters are found by the call that quantizes.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>

using TokenFp8 = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerToken, qfmt::Symmetric, qfmt::Dynamic>;
qfmt::Calibrator<TokenFp8> calibrator{64};
