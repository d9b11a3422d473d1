// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <cstring>
#include <doctest/doctest.h>
#include <examples/stored.hpp>
#include <limits>

#include <qfmt/core/random.hpp>
#include <qfmt/gemm/gemm.hpp>
#include <qfmt/gemm/reference.hpp>
#include <qfmt/tensor/dequantize.hpp>
#include <qfmt/tensor/quantize.hpp>

#include "llama/linear.hpp"

using namespace qfmt;
using qfmt::test::Floats;
using qfmt::test::Stored;

namespace {

constexpr Shape shape{24, 256};
constexpr index_t tokens = 5;
constexpr float calibrated = 0.75f;  // the input scale of schemes that take one from the checkpoint

Floats random_floats(index_t count, uint64_t stream) {
  Floats values;
  for (index_t i = 0; i < count; ++i) {
    auto const bits = Philox{7}(static_cast<uint64_t>(i), stream);
    values.push_back(static_cast<float>(bits) * 0x1p-30f - 2.0f);
  }
  return values;
}

/// What a scheme makes of a matrix.
template <Scheme S>
Floats dequantized(QuantTensor<S> const& tensor) {
  Floats values(static_cast<std::size_t>(tensor.shape.size()));
  REQUIRE(dequantize<S, float>(tensor.view(), {values.data(), tensor.shape}) == Status::ok);
  return values;
}

/// What a preset makes of the input of a layer.
template <class X>
Floats seen_input(Floats const& x) {
  Shape const size{tokens, shape.cols};
  if constexpr (same_as<X, void>) {
    return x;
  } else if constexpr (same_as<typename X::Timing, Dynamic>) {
    return dequantized(*quantize<X, float>({x.data(), size}));
  } else if constexpr (X::has_global) {
    return dequantized(*quantize_with<X, float>({x.data(), size}, GlobalScale{calibrated}));
  } else {
    Floats values;
    for (float const value : x)
      values.push_back(decode(encode<typename X::Format>(value / calibrated)) * calibrated);
    return values;
  }
}

Floats product(Floats const& x, Floats const& w) {
  Floats y(static_cast<std::size_t>(tokens * shape.rows));
  MatrixView<float const> const left{x.data(), {tokens, shape.cols}};
  MatrixView<float const> const right{w.data(), shape};
  MatrixView<float> const out{y.data(), {tokens, shape.rows}};
  REQUIRE(gemm_with(ReferenceGemm{}, left, right, out) == Status::ok);
  return y;
}

Result<Floats> product(llama::Linear const& linear, Floats const& x) {
  ThreadPool threads{2};
  Floats y(static_cast<std::size_t>(tokens * shape.rows));
  auto const done =
      linear.multiply({x.data(), {tokens, shape.cols}}, {y.data(), {tokens, shape.rows}}, threads);
  if (!done)
    return done.error();
  return y;
}

bool same_bits(Floats const& a, Floats const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The layer "m" of a preset, with scales stored as T, and what the engine has to compute with it.
template <class Preset, Real T>
struct Example {
  using W = with_stored_scale<typename Preset::Weights, T>;
  using X = typename Preset::InputActivations;

  QuantTensor<W> weight = *quantize<W, float>({values().data(), shape});
  io::GroupScheme scheme{Preset::name, io::compressed_format<Preset>()};

  static Floats const& values() {
    static Floats const w = random_floats(shape.size(), 0);
    return w;
  }

  void store(Stored& stored) const {
    for (auto const& tensor : io::layer_tensors<W>(scheme.format, shape)) {
      stored.add("m." + tensor.suffix, tensor.dtype, tensor.shape,
                 io::layer_bytes<W>(scheme.format, tensor, weight.view()));
    }
  }
};

template <class Preset, Real T>
void check_preset() {
  CAPTURE(Preset::name);
  Example<Preset, T> const example;
  Stored stored;
  example.store(stored);
  stored.add("m.input_scale", {1}, {calibrated});
  stored.add("m.input_global_scale", {1}, {calibrated});
  auto const linear = llama::load_linear(stored.open(), &example.scheme, "m", shape);
  REQUIRE_MESSAGE(linear, linear.error().to_string());

  Floats x = random_floats(tokens * shape.cols, 1);
  Floats const w = dequantized(example.weight);
  auto const y = product(**linear, x);
  REQUIRE(y);
  CHECK(same_bits(*y, product(seen_input<typename Preset::InputActivations>(x), w)));

  Floats row(static_cast<std::size_t>(shape.cols));
  (*linear)->read_row(3, row.data());
  CHECK(same_bits(row, {w.begin() + 3 * shape.cols, w.begin() + 4 * shape.cols}));

  x[300] = std::numeric_limits<float>::infinity();
  auto const result = product(**linear, x);
  if constexpr (same_as<typename Preset::InputActivations, void>) {
    CHECK(result);
  } else {
    CHECK(result.status() == Status::nonfinite_activation);
  }
}

}  // namespace

TEST_CASE(
    "a layer of any preset computes the product of what the scheme makes of weight and input") {
  preset::Storable::for_each([]<class Preset>() { check_preset<Preset, Code<BF16>>(); });
  check_preset<preset::W8A8, float>();
  check_preset<preset::W4A16_ASYM, Code<FP16>>();
}

TEST_CASE("a dense layer is multiplied as it is stored") {
  Floats const w = random_floats(shape.size(), 0);
  Floats const x = random_floats(tokens * shape.cols, 1);
  std::vector<Code<BF16>> rounded;
  Floats values;
  for (float const value : w) {
    rounded.push_back(encode<BF16>(value));
    values.push_back(to_float(rounded.back()));
  }
  Stored stored;
  auto const bytes = std::as_bytes(std::span{rounded});
  stored.add("a.weight", io::Dtype::BF16, {24, 256}, {bytes.begin(), bytes.end()});
  stored.add("b.weight", {24, 256}, w);
  auto const checkpoint = stored.open();

  auto const a = llama::load_linear(checkpoint, nullptr, "a", shape);
  auto const b = llama::load_linear(checkpoint, nullptr, "b", shape);
  REQUIRE((a && b));
  CHECK(same_bits(*product(**a, x), product(x, values)));
  CHECK(same_bits(*product(**b, x), product(x, w)));
}

TEST_CASE("a layer that does not fit is refused by name") {
  auto const refused = [](Result<llama::SharedLinear> const& linear, Status status,
                          std::string const& subject) {
    REQUIRE_FALSE(linear);
    CAPTURE(linear.error().message);
    CHECK(linear.status() == status);
    CHECK(linear.error().message.find(subject) != std::string::npos);
  };
  Stored stored;
  Example<preset::NVFP4, float> const example;
  example.store(stored);
  stored.add("ids.weight", io::Dtype::I64, {1, 1}, io::Bytes(8));
  auto const checkpoint = stored.open();
  auto const* const scheme = &example.scheme;

  refused(llama::load_linear(checkpoint, scheme, "m", shape), Status::checkpoint_incomplete,
          "m.input_global_scale");
  refused(llama::load_linear(checkpoint, scheme, "m", {24, 128}), Status::shape_mismatch,
          "24 x 128");
  refused(llama::load_linear(checkpoint, scheme, "absent", shape), Status::checkpoint_incomplete,
          "absent.weight");
  refused(llama::load_linear(checkpoint, nullptr, "m", shape), Status::config_invalid,
          "layer 'm': got a weight_scale");
  refused(llama::load_linear(checkpoint, nullptr, "ids", {1, 1}), Status::unknown_dtype, "I64");
  io::GroupScheme const other{"W9A9", scheme->format};
  refused(llama::load_linear(checkpoint, &other, "m", shape), Status::unknown_scheme, "W9A9");
}
