// expect-error: RandomBits >= 1
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Rounding by no random bits would not be random.

#include <qfmt/formats/rounding.hpp>

qfmt::Stochastic<0> const without_bits{};
