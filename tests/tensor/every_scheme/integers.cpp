// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <tensor/every_scheme/case_of.hpp>

namespace qfmt::test {

template SchemeCase case_of<preset::GroupedInt<INT2>>(std::string, bool);
template SchemeCase case_of<preset::GroupedInt<INT3>>(std::string, bool);
template SchemeCase case_of<preset::GroupedInt<INT4>>(std::string, bool);
template SchemeCase case_of<preset::GroupedInt<INT5>>(std::string, bool);
template SchemeCase case_of<preset::GroupedInt<INT6>>(std::string, bool);
template SchemeCase case_of<preset::GroupedInt<INT7>>(std::string, bool);
template SchemeCase case_of<preset::GroupedInt<INT8>>(std::string, bool);

}  // namespace qfmt::test
