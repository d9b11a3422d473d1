// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// The targets of the kernels: what they refuse, and how far they reach. What they write is tested
// with the kernels.

#include <doctest/doctest.h>

#include <qfmt/cuda/tensor/quantized_rows.cuh>
#include <qfmt/formats/int4.hpp>

using namespace qfmt;

TEST_CASE("cuda: arguments that do not fit are refused") {
  float number = 1.0f;
  std::uint32_t word = 0;
  auto* const codes = reinterpret_cast<std::uint8_t*>(&word);
  Code<E8M0> scale;
  auto const status = [&](MatrixView<float const> x, cuda::QuantizedRows<MXFP4> out) {
    Status const of_source = cuda::MatrixRows<float>{x}.check();
    cuda::BlockTarget<MXFP4, RowMajor, profile::Qfmt> const target{out, {}};
    return of_source != Status::ok ? of_source : target.check(x.shape);
  };
  CHECK(status({&number, {-1, 32}}, {codes, 16, &scale}) == Status::negative_size);
  CHECK(status({&number, {1, 32}, 31}, {codes, 16, &scale}) == Status::stride_invalid);
  CHECK(status({&number, {1, 33}}, {codes, 16, &scale}) == Status::stride_invalid);
  CHECK(status({&number, {1, 32}}, {codes, 18, &scale}) == Status::stride_invalid);
  CHECK(status({&number, {1, 32}}, {nullptr, 16, &scale}) == Status::null_pointer);
  CHECK(status({nullptr, {1, 32}}, {codes, 16, &scale}) == Status::null_pointer);
  CHECK(status({&number, {1, 32}}, {codes + 1, 16, &scale}) == Status::buffer_misaligned);
  CHECK(status({nullptr, {0, 32}}, {nullptr, 16, nullptr}) == Status::ok);
}

TEST_CASE("cuda: rows that do not fit are refused") {
  std::uint8_t code = 0;
  float scale = 0;
  auto const status = [](Shape matrix, cuda::ScaledRows<INT4> out) {
    return cuda::RowTarget<INT4, float, profile::Qfmt>{out}.check(matrix);
  };
  CHECK(status({1, 2}, {&code, 1, &scale}) == Status::ok);
  CHECK(status({1, 3}, {&code, 1, &scale}) == Status::stride_invalid);
  CHECK(status({1, 2}, {nullptr, 1, &scale}) == Status::null_pointer);
  CHECK(status({1, 2}, {&code, 1, nullptr}) == Status::null_pointer);
  CHECK(status({0, 2}, {nullptr, 1, nullptr}) == Status::ok);
}

TEST_CASE("cuda: rows under one scale that do not fit are refused") {
  std::uint8_t code = 0;
  auto const status = [](Shape matrix, cuda::PackedRows<INT4> out) {
    return cuda::TensorTarget<INT4, float, profile::Qfmt>{out, {}}.check(matrix);
  };
  CHECK(status({1, 2}, {&code, 1}) == Status::ok);
  CHECK(status({1, 3}, {&code, 1}) == Status::stride_invalid);
  CHECK(status({1, 2}, {nullptr, 1}) == Status::null_pointer);
  CHECK(status({0, 2}, {nullptr, 1}) == Status::ok);
}

TEST_CASE("cuda: a target reaches as far as its padding") {
  using Swizzled = cuda::BlockTarget<NVFP4, Swizzled128x4, profile::Qfmt>;
  CHECK(Swizzled::padded({1, 1}) == Shape{128, 64});
  CHECK(Swizzled::padded({129, 65}) == Shape{256, 128});
  CHECK(cuda::BlockTarget<MXFP4, RowMajor, profile::Qfmt>::padded({3, 33}) == Shape{3, 64});
  CHECK(cuda::RowTarget<INT4, float, profile::Qfmt>::padded({3, 33}) == Shape{3, 33});
  CHECK(cuda::TensorTarget<INT4, float, profile::Qfmt>::padded({3, 33}) == Shape{3, 33});
}

TEST_CASE("cuda: a parameter is a value, or lies elsewhere") {
  GlobalScale const elsewhere{2.0f};
  CHECK(cuda::Parameter<GlobalScale>{{3.0f}, nullptr}.get() == GlobalScale{3.0f});
  CHECK(cuda::Parameter<GlobalScale>{{3.0f}, &elsewhere}.get() == GlobalScale{2.0f});
}

static_assert(BlockFormat<cuda::GroupFormat<INT4, 128>>);
