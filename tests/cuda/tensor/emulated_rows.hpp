// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <support/emulated_threads.hpp>
#include <support/samples.hpp>
#include <utility>
#include <vector>

#include <qfmt/cuda/tensor/quantize_blocks.cuh>
#include <qfmt/tensor/frozen.hpp>
#include <qfmt/tensor/quantize.hpp>

// Kernels of quantization run by emulated threads, and what they wrote against quantize() on the host.
// Outputs begin as 0xA5 and have a margin of it, so that what is not written, and what is written
// beside, both show.

namespace qfmt::test {

inline constexpr std::uint8_t unwritten = 0xA5;
inline constexpr std::size_t margin = 64;

/// A buffer of T that is poisoned, and knows whether somebody wrote behind its end.
template <class T>
class Poisoned {
 public:
  explicit Poisoned(index_t count)
      : count_{static_cast<std::size_t>(count)}, bytes_(count_ * sizeof(T) + margin, unwritten) {}
  T* data() { return reinterpret_cast<T*>(bytes_.data()); }
  T operator[](index_t i) const {
    T value;
    std::memcpy(&value, bytes_.data() + static_cast<std::size_t>(i) * sizeof(T), sizeof(T));
    return value;
  }
  std::uint8_t const* bytes() const { return bytes_.data(); }
  bool margin_intact() const {
    return std::all_of(bytes_.end() - margin, bytes_.end(),
                       [](std::uint8_t b) { return b == unwritten; });
  }
  friend bool operator==(Poisoned const&, Poisoned const&) = default;

 private:
  std::size_t count_;
  std::vector<std::uint8_t> bytes_;
};

/// What profile P sees of a matrix of T: binary32 where every step is one, so that the tests need
/// quantize() for one type of source only.
template <class P, class T>
auto as_seen_by(Matrix<T> const& x) {
  if constexpr (same_as<P, profile::Qfmt>) {
    Matrix<float> widened{x.shape};
    std::transform(x.values.begin(), x.values.end(), widened.values.begin(),
                   [](T value) { return to_float(value); });
    return widened;
  } else {
    return x;
  }
}

/// Bytes of rows that are not those of a tensor or, behind these, not untouched.
template <class S>
int wrong_bytes(Poisoned<std::uint8_t> const& codes, index_t rows, index_t row_bytes,
                QuantTensor<S> const& expected) {
  int count = 0;
  for (index_t r = 0; r < rows; ++r) {
    for (index_t i = 0; i < row_bytes; ++i) {
      std::uint8_t const wanted =
          i < expected.row_bytes
              ? expected.codes[static_cast<std::size_t>(r * expected.row_bytes + i)]
              : unwritten;
      count += codes[r * row_bytes + i] == wanted ? 0 : 1;
    }
  }
  return count;
}

/// The output of a block format: codes with a stride that is not the smallest, scales in layout L.
template <class B, class L>
struct BlockOutput {
  using Stored = typename B::Policy::Stored;

  explicit BlockOutput(Shape s)
      : matrix{s},
        tiles{s.rows, ceil_div(s.cols, B::block_size)},
        row_bytes{round_up(packed_bytes<typename B::Element>(tiles.cols * B::block_size), 4) + 4},
        codes{s.rows * row_bytes},
        scales{L::size(tiles)} {}

  cuda::QuantizedRows<B, L> view() { return {codes.data(), row_bytes, scales.data()}; }

  /// Bytes and scales that are not quantize()'s, or that should not have been written.
  template <class T, class P = profile::Qfmt>
  int wrong(Matrix<T> const& x, typename B::Policy::Global global) const {
    auto const seen = as_seen_by<P>(x);
    auto const expected =
        quantize_with<BlockScheme<B, Static<AbsMax>, P>>(std::as_const(seen).view(), global);
    if (!expected)
      return -1;
    std::vector<Stored> layout(static_cast<std::size_t>(L::size(tiles)));
    rearrange<RowMajor, L>(expected->scales.data(), tiles, layout.data());
    int count = codes.margin_intact() && scales.margin_intact() ? 0 : 1;
    for (std::size_t i = 0; i < layout.size(); ++i)
      count += scales[static_cast<index_t>(i)] == layout[i] ? 0 : 1;
    count += wrong_bytes(codes, matrix.rows, row_bytes, *expected);
    return count;
  }

  Shape matrix;
  Shape tiles;
  index_t row_bytes;
  Poisoned<std::uint8_t> codes;
  Poisoned<Stored> scales;
};

/// The output with one scale for each row.
template <class F, class Stored>
struct RowOutput {
  explicit RowOutput(Shape s)
      : matrix{s},
        row_bytes{packed_bytes<F>(s.cols) + s.rows % 3},
        codes{s.rows * row_bytes},
        scales{s.rows} {}

  cuda::ScaledRows<F, Stored> view() { return {codes.data(), row_bytes, scales.data()}; }

  template <class T, class P = profile::Qfmt>
  int wrong(Matrix<T> const& x) const {
    using S = QuantScheme<F, PerToken, SymmetricScale<Stored>, Dynamic, P>;
    auto const seen = as_seen_by<P>(x);
    auto const expected = quantize<S>(std::as_const(seen).view());
    if (!expected)
      return -1;
    int count = codes.margin_intact() && scales.margin_intact() ? 0 : 1;
    for (index_t r = 0; r < matrix.rows; ++r)
      count += scales[r] == expected->scales[static_cast<std::size_t>(r)] ? 0 : 1;
    count += wrong_bytes(codes, matrix.rows, row_bytes, *expected);
    return count;
  }

  Shape matrix;
  index_t row_bytes;
  Poisoned<std::uint8_t> codes;
  Poisoned<Stored> scales;
};

/// The output under one known scale.
template <class F, class Stored = float, class P = profile::Qfmt>
struct TensorOutput {
  using Scheme = QuantScheme<F, PerTensor, SymmetricScale<Stored>, Static<AbsMax>, P>;

  explicit TensorOutput(Shape s)
      : matrix{s}, row_bytes{packed_bytes<F>(s.cols) + s.rows % 3}, codes{s.rows * row_bytes} {}

  cuda::TensorTarget<F, Stored, P> target(cuda::Parameter<Stored> scale) {
    return {{codes.data(), row_bytes}, scale};
  }
  template <class T>
  int wrong(Matrix<T> const& x, Stored scale) const {
    auto const seen = as_seen_by<P>(x);
    auto const frozen = Frozen<Scheme>::from_stored({1, matrix.cols}, {scale});
    if (!frozen)
      return -1;
    auto const expected = frozen->quantize(std::as_const(seen).view());
    if (!expected)
      return -1;
    return wrong_bytes(codes, matrix.rows, row_bytes, *expected) + (codes.margin_intact() ? 0 : 1);
  }

  Shape matrix;
  index_t row_bytes;
  Poisoned<std::uint8_t> codes;
};

/// Runs a source into a target as the doors do.
template <class Target, class Source>
bool emulate(Source const& source, Target const& target, Order order) {
  Shape const matrix = source.shape();
  Shape const padded = Target::padded(matrix);
  if constexpr (Source::normalizes || Target::scales_rows) {
    using Kernel = cuda::RowKernel<Source, Target>;
    return EmulatedThreads::launch(Kernel{source, target}, {static_cast<unsigned>(padded.rows), 1},
                                   Kernel::threads(matrix.cols), order);
  } else {
    using Kernel = cuda::VectorKernel<Source, Target>;
    return EmulatedThreads::launch(Kernel{source, target}, Kernel::grid(padded),
                                   Kernel::max_threads, order);
  }
}

template <class B, class L, class Source, class P = profile::Qfmt>
bool emulate_blocks(Source const& source, cuda::QuantizedRows<B, L> out,
                    cuda::Parameter<typename B::Policy::Global> global, Order order) {
  return emulate(source, cuda::BlockTarget<B, L, P>{out, global}, order);
}
template <class F, class Stored, class Source, class P = profile::Qfmt>
bool emulate_rows(Source const& source, cuda::ScaledRows<F, Stored> out, Order order) {
  return emulate(source, cuda::RowTarget<F, Stored, P>{out}, order);
}

/// The tensor's part that fits a matrix.
template <class B, class T>
typename B::Policy::Global global_of(Matrix<T> const& x) {
  auto const seen = as_seen_by<profile::Qfmt>(x);
  return fit_global<BlockScheme<B>>(std::as_const(seen).view());
}

/// Numbers that lie apart by many powers of two, with zeros, blocks of zeros and rows of zeros.
template <Real T>
Matrix<T> ragged_matrix(Shape shape, std::uint64_t seed) {
  Matrix<T> matrix = normal_matrix<T>(shape, seed);
  for (index_t r = 0; r < shape.rows; ++r) {
    for (index_t c = 0; c < shape.cols; ++c) {
      T& x = matrix(r, c);
      x = from_float<T>(to_float(x) * power_of_two(static_cast<int>((r * 7 + c / 16) % 19) - 12));
      if (c % 11 == 4 || c / 32 % 5 == 3 || r % 6 == 5)
        x = from_float<T>(c % 2 == 0 ? 0.0f : -0.0f);
    }
  }
  return matrix;
}

}  // namespace qfmt::test
