// expect-error: constraint
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Static parameters come from an observer.

#include <qfmt/tensor/scheme.hpp>

using Wrong = qfmt::Static<qfmt::Symmetric>;
