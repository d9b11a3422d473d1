// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <tensor/every_scheme/case_of.hpp>

namespace qfmt::test {

template SchemeCase case_of<preset::W4A16_ASYM::Weights>(std::string, bool);
template SchemeCase case_of<preset::W8A8::Weights>(std::string, bool);
template SchemeCase case_of<preset::W4A16_CHANNEL::Weights>(std::string, bool);
template SchemeCase case_of<preset::TokenInt8>(std::string, bool);
template SchemeCase case_of<preset::TokenInt4>(std::string, bool);

}  // namespace qfmt::test
