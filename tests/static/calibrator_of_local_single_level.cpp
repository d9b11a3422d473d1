// expect-error: freezes the tensor's part of its parameters
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Under a policy of one level, Local would leave nothing to calibrate.

#include <qfmt/formats/all.hpp>
#include <qfmt/tensor/calibrator.hpp>

using Wrong = qfmt::QuantScheme<qfmt::E4M3, qfmt::PerToken, qfmt::Symmetric,
                                qfmt::Local<qfmt::AbsMax>>;
qfmt::Calibrator<Wrong> calibrator{64};
