// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <tensor/every_scheme.hpp>

#include <qfmt/tensor/presets.hpp>

namespace qfmt::test {

namespace {

using Maker = SchemeCase (*)(std::string, bool);

class Collection {
 public:
  template <class S>
  void add(char const* preset, bool is_weight) {
    Maker const make = &case_of<S>;
    if (std::find(seen_.begin(), seen_.end(), make) != seen_.end())
      return;
    seen_.push_back(make);
    cases.push_back(make(std::string{preset} + (is_weight ? " weights" : " input"), is_weight));
  }

  std::vector<SchemeCase> cases;

 private:
  std::vector<Maker> seen_;
};

}  // namespace

std::vector<SchemeCase> const& every_scheme() {
  static std::vector<SchemeCase> const all = [] {
    Collection collection;
    preset::All::for_each([&]<class P>() { collection.add<typename P::Weights>(P::name, true); });
    preset::All::for_each([&]<class P>() {
      using Input = typename P::InputActivations;
      if constexpr (!is_same_v<Input, void>)
        collection.add<Input>(P::name, false);
    });
    return collection.cases;
  }();
  return all;
}

}  // namespace qfmt::test
