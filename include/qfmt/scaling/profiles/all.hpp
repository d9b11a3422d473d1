// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/scaling/profiles/cuda.hpp>
#include <qfmt/scaling/profiles/deep_gemm.hpp>
#include <qfmt/scaling/profiles/ggml.hpp>
#include <qfmt/scaling/profiles/ml_dtypes.hpp>
#include <qfmt/scaling/profiles/model_opt.hpp>
#include <qfmt/scaling/profiles/ocp_mx.hpp>
#include <qfmt/scaling/profiles/torch.hpp>
#include <qfmt/scaling/profiles/torch_ao.hpp>
#include <qfmt/scaling/profiles/transformer_engine.hpp>

namespace qfmt::profile {

/// Every profile. What is printed in docs/profiles.md, and what the tests iterate over.
using All = TypeList<Qfmt, CudaSatfinite, CudaNoSat, MlDtypes, Torch2_12, Torch2_13, OcpMx,
                     CompressedTensors, TransformerEngine, ModelOpt, ModelOptMx, TorchAO, Ggml,
                     GgmlInteger, DeepGemm>;

}  // namespace qfmt::profile
