// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <tensor/every_scheme/case_of.hpp>

namespace qfmt::test {

template SchemeCase case_of<preset::FP8::Weights>(std::string, bool);
template SchemeCase case_of<preset::FP8_DYNAMIC::Weights>(std::string, bool);
template SchemeCase case_of<preset::FP8_BLOCK::Weights>(std::string, bool);
template SchemeCase case_of<preset::FP8_E5M2A16::Weights>(std::string, bool);
template SchemeCase case_of<preset::TokenFp8>(std::string, bool);
template SchemeCase case_of<preset::Token<E5M2>>(std::string, bool);
template SchemeCase case_of<preset::FP8_BLOCK::InputActivations>(std::string, bool);

}  // namespace qfmt::test
