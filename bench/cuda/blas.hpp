// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#if !defined(QFMT_NO_BLAS)
#include <cublasLt.h>
#endif

#include <cuda/timing.hpp>

namespace qfmt::bench {

#if defined(QFMT_NO_BLAS)

/// Where there is no cuBLASLt: there is no algorithm.
struct LtProduct {
  LtProduct(index_t, index_t, index_t, bool) {}
  double fastest(void const*, std::uint8_t const*, void*, index_t, int) { return 0; }
  void run(void const*, void const*, void*, cudaStream_t) const {}
};

#else

inline void require(cublasStatus_t status, char const* what) {
  if (status == CUBLAS_STATUS_SUCCESS)
    return;
  std::fprintf(stderr, "%s: cuBLASLt status %d\n", what, static_cast<int>(status));
  std::exit(1);
}

/// y (M, N) in BF16 = x (M, K) * w (N, K)^T by cuBLASLt, with BF16 or E4M3 operands (one scale each).
/// Of the algorithms that its heuristic names first, eight at most, the fastest.
class LtProduct {
 public:
  LtProduct(index_t m, index_t n, index_t k, bool fp8) {
    auto const type = fp8 ? CUDA_R_8F_E4M3 : CUDA_R_16BF;
    require(cublasLtCreate(&handle_), "cublasLt");
    require(cublasLtMatmulDescCreate(&product_, CUBLAS_COMPUTE_32F, CUDA_R_32F), "product");
    // Column by column, y^T = w^T' * x^T: w is transposed, x is not.
    auto const transposed = CUBLAS_OP_T;
    set(CUBLASLT_MATMUL_DESC_TRANSA, transposed);
    if (fp8) {
      float const one = 1.0f;
      scale_ = device_memory<float>(1);
      require(cudaMemcpy(scale_, &one, sizeof(one), cudaMemcpyHostToDevice), "scale");
      set(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, scale_);
      set(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, scale_);
    }
    auto const size = [](index_t i) { return static_cast<std::uint64_t>(i); };
    require(cublasLtMatrixLayoutCreate(&w_, type, size(k), size(n), k), "layout");
    require(cublasLtMatrixLayoutCreate(&x_, type, size(k), size(m), k), "layout");
    require(cublasLtMatrixLayoutCreate(&y_, CUDA_R_16BF, size(n), size(m), n), "layout");
    workspace_ = device_memory<std::uint8_t>(workspace_bytes);
  }
  ~LtProduct() {
    cudaFree(workspace_);
    cudaFree(scale_);
    cublasLtMatrixLayoutDestroy(w_);
    cublasLtMatrixLayoutDestroy(x_);
    cublasLtMatrixLayoutDestroy(y_);
    cublasLtMatmulDescDestroy(product_);
    cublasLtDestroy(handle_);
  }
  LtProduct(LtProduct const&) = delete;
  LtProduct& operator=(LtProduct const&) = delete;

  /// Microseconds of the fastest algorithm, 0 if there is none. Launch i takes its w at
  /// i % copies * w_step bytes.
  double fastest(void const* x, std::uint8_t const* w, void* y, index_t w_step, int copies) {
    cublasLtMatmulPreference_t preference{};
    require(cublasLtMatmulPreferenceCreate(&preference), "preference");
    std::size_t const bytes = workspace_bytes;
    require(cublasLtMatmulPreferenceSetAttribute(
                preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes, sizeof(bytes)),
            "preference");
    cublasLtMatmulHeuristicResult_t found[8];
    int count = 0;
    cublasLtMatmulAlgoGetHeuristic(handle_, product_, w_, x_, y_, y_, preference, 8, found, &count);
    cublasLtMatmulPreferenceDestroy(preference);
    double best = 0;
    for (int a = 0; a < count; ++a) {
      if (multiply(x, w, y, found[a].algo, nullptr) != CUBLAS_STATUS_SUCCESS)
        continue;
      double const us = microseconds([&](int i, cudaStream_t stream) {
        run(x, w + i % copies * w_step, y, found[a].algo, stream);
      });
      if (best == 0 || us < best) {
        best = us;
        algorithm_ = found[a].algo;
      }
    }
    if (best == 0)
      return 0;
    return microseconds([&](int i, cudaStream_t stream) {
      run(x, w + i % copies * w_step, y, algorithm_, stream);
    });
  }
  /// Once more, as part of another measurement; after fastest().
  void run(void const* x, void const* w, void* y, cudaStream_t stream) const {
    run(x, w, y, algorithm_, stream);
  }

 private:
  static constexpr index_t workspace_bytes = index_t{32} << 20;

  template <class T>
  void set(cublasLtMatmulDescAttributes_t attribute, T const& value) {
    require(cublasLtMatmulDescSetAttribute(product_, attribute, &value, sizeof(value)), "product");
  }
  void run(void const* x, void const* w, void* y, cublasLtMatmulAlgo_t const& algorithm,
           cudaStream_t stream) const {
    require(multiply(x, w, y, algorithm, stream), "cublasLtMatmul");
  }
  cublasStatus_t multiply(void const* x, void const* w, void* y,
                          cublasLtMatmulAlgo_t const& algorithm, cudaStream_t stream) const {
    float const one = 1.0f;
    float const zero = 0.0f;
    return cublasLtMatmul(handle_, product_, &one, w, w_, x, x_, &zero, y, y_, y, y_, &algorithm,
                          workspace_, workspace_bytes, stream);
  }

  cublasLtHandle_t handle_{};
  cublasLtMatmulDesc_t product_{};
  cublasLtMatrixLayout_t w_{};
  cublasLtMatrixLayout_t x_{};
  cublasLtMatrixLayout_t y_{};
  cublasLtMatmulAlgo_t algorithm_{};
  float* scale_ = nullptr;
  std::uint8_t* workspace_ = nullptr;
};

#endif

}  // namespace qfmt::bench
