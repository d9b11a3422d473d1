// expect-error: ignoring return
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// An error is looked at.

#include <qfmt/tensor/result.hpp>

qfmt::Result<int> load();
void run() {
  load();
}
