// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a host program needs to quantize, pack and multiply, of floors 0 to 6; nothing from outside
// the standard library, no streams, no threads. Left out, to be included by name:
// tensor/convert.hpp, packing/scale_layout.hpp, packing/nibble_order.hpp, scaling/profiles/,
// gemm/reference.hpp, formats/limits.hpp.

#include <qfmt/core/parallel.hpp>
#include <qfmt/core/random.hpp>
#include <qfmt/formats/all.hpp>
#include <qfmt/gemm/gemm.hpp>
#include <qfmt/observers/entropy.hpp>
#include <qfmt/observers/four_over_six.hpp>
#include <qfmt/observers/histogram_mse.hpp>
#include <qfmt/observers/imatrix.hpp>
#include <qfmt/observers/moving_average.hpp>
#include <qfmt/observers/percentile.hpp>
#include <qfmt/observers/scale_sweep.hpp>
#include <qfmt/packing/word_order.hpp>
#include <qfmt/scaling/block_format.hpp>
#include <qfmt/tensor/calibrator.hpp>
#include <qfmt/tensor/error_metrics.hpp>
#include <qfmt/tensor/fake_quantize.hpp>
#include <qfmt/tensor/presets.hpp>
#include <qfmt/tensor/quantize_input.hpp>
