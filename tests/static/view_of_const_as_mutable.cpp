// expect-error: could not convert|conversion from|no viable conversion
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Who may read may not thereby write.

#include <qfmt/core/matrix_view.hpp>

qfmt::MatrixView<float> run(qfmt::MatrixView<float const> view) {
  return view;
}
