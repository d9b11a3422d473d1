// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <gemm/laws.hpp>

using namespace qfmt;
using namespace qfmt::test;

using Dense = MatrixView<float const>;

static_assert(GemmBackend<ReferenceGemm, Dense, Dense> && GemmBackend<PortableGemm, Dense, Dense>);
static_assert(GemmBackend<DropsTheTail, Dense, Dense>);
static_assert(!GemmBackend<int, Dense, Dense> && !GemmBackend<PortableGemm, float, Dense>);

namespace {

struct NeedsWholeGroups {
  static constexpr char const* name = "needs whole groups";
  static constexpr bool supports(Shape, Shape w) { return w.cols % 16 == 0; }
  template <class X, class W, class Y, class E, class R>
  Status operator()(X const& x, W const& w, MatrixView<Y> y, E const& epilogue, R& executor) const {
    return ReferenceGemm{}(x, w, y, epilogue, executor);
  }
};

}  // namespace

TEST_CASE("a backend is asked whether it can, and not called if not") {
  auto const product = [](index_t depth) {
    Matrix<float> const x = normal_matrix({2, depth}, 1), w = normal_matrix({3, depth}, 2);
    Matrix<float> y{{2, 3}, -7.0f};
    Status const status = gemm_with(NeedsWholeGroups{}, x.view(), w.view(), y.view());
    CHECK((y(0, 0) == -7.0f) == (status != Status::ok));
    return status;
  };
  CHECK(product(32) == Status::ok);
  CHECK(product(33) == Status::unsupported);
}
