// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/scaling/profile.hpp>

namespace qfmt::profile {

/// OCP Microscaling Formats (MX) 1.0, section 6.3, whatever the rule of the scheme: the scale is
/// the largest power of two in amax over the largest one of the element format, elements are
/// rounded to nearest even and clamped. The specification leaves open what becomes of infinities
/// and of a tile of zeros; they are the library's. microxcaling 7bc4195 with round="even" is an
/// implementation.
struct OcpMx : Qfmt {
  static constexpr char const* name = "OcpMx";

  template <ElementFormat F, class Rule, Real T>
  QFMT_HOST_DEVICE static constexpr Code<E8M0> mx_scale(float amax) noexcept {
    return mx::scale_code<F, mx::Floor>(amax);
  }
};

static_assert(Profile<OcpMx>);

}  // namespace qfmt::profile
