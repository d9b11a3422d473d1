// expect-error: constraint
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A format of 16 bits has too many codes to try thresholds for.

#include <qfmt/observers/entropy.hpp>
#include <qfmt/formats/bf16.hpp>

using Wrong = qfmt::Entropy<qfmt::BF16>;
