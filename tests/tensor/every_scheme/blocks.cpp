// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <tensor/every_scheme/case_of.hpp>

namespace qfmt::test {

template SchemeCase case_of<preset::NVFP4::Weights>(std::string, bool);
template SchemeCase case_of<preset::NVFP4::InputActivations>(std::string, bool);
template SchemeCase case_of<preset::MXFP4::Weights>(std::string, bool);
template SchemeCase case_of<preset::MXFP4::InputActivations>(std::string, bool);
template SchemeCase case_of<preset::MXFP6A16::Weights>(std::string, bool);
template SchemeCase case_of<preset::MXFP6_E3M2A16::Weights>(std::string, bool);
template SchemeCase case_of<preset::MXFP8::Weights>(std::string, bool);
template SchemeCase case_of<preset::MXFP8::InputActivations>(std::string, bool);
template SchemeCase case_of<preset::MXS1M3A16::Weights>(std::string, bool);

}  // namespace qfmt::test
