// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/core/config.hpp>

namespace qfmt {

/// Values beyond the largest finite one, infinity included, become the largest finite one. The
/// default.
struct Saturate {};

/// Values beyond the largest finite one become infinity if the format has it, else NaN if it has
/// that, else the largest finite value (OCP OFP8's non-saturating mode).
struct ToSpecial {};

template <class O>
concept OverflowMode = same_as<O, Saturate> || same_as<O, ToSpecial>;

}  // namespace qfmt
