// expect-error: a search needs the matrix itself
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A search tries parameters on the values; a calibrator keeps only what observers keep.

#include <qfmt/formats/all.hpp>
#include <qfmt/observers/mse.hpp>
#include <qfmt/tensor/calibrator.hpp>

using Searched = qfmt::QuantScheme<qfmt::INT4, qfmt::PerTensor, qfmt::Symmetric,
                                   qfmt::Static<qfmt::MseSearch<>>>;
qfmt::Calibrator<Searched> calibrator{64};
