// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

#include <doctest/doctest.h>
#include <io/memory_source.hpp>
#include <io/samples.hpp>
#include <limits>
#include <support/bits.hpp>
#include <support/environment.hpp>
#include <support/executors.hpp>
#include <support/samples.hpp>

#include <qfmt/observers/mse.hpp>
#include <qfmt/oneshot/layer_quantizer.hpp>
#include <qfmt/oneshot/layer_selection.hpp>

using qfmt::BF16;
using qfmt::Code;
using qfmt::FP16;
using qfmt::Serial;
using qfmt::Shape;
using qfmt::Status;
using qfmt::io::Bytes;
using qfmt::io::Dtype;
using qfmt::oneshot::RawWeight;
using samples::MemorySource;
namespace preset = qfmt::preset;
namespace profile = qfmt::profile;

namespace {

template <class T>
constexpr Dtype dtype_of = qfmt::io::stored_dtype<T>();

template <class T>
Bytes bytes_of(std::vector<T> const& values) {
  return qfmt::io::detail::to_bytes(values.data(), values.size());
}

/// All tensors of a preset's layer, from a weight with this largest magnitude among all layers that
/// share its scale.
template <class Preset, qfmt::Profile N, qfmt::Real T,
          qfmt::Observer O = typename Preset::Weights::Timing::Observer, qfmt::Executor E = Serial>
qfmt::Result<std::vector<Bytes>> quantized(Bytes const& weight, Shape shape, float reach = 0.0f,
                                           E executor = {}) {
  return qfmt::oneshot::detail::quantized_bytes<typename Preset::Weights, N, O, T>(
      qfmt::io::compressed_format<Preset>(), {weight, dtype_of<T>, shape}, reach, executor);
}

}  // namespace

// ---- Bytes of the compressed-tensors package ----------------------------------------------------

namespace {

std::string module_of(std::string const& tensor) {
  return tensor.substr(0, tensor.rfind('.'));
}

/// Quantizes the source of a fixture, and gives the number of its tensors that are equal to the
/// package's, or the name of the first that is not.
template <class Preset, qfmt::Profile N, qfmt::Real T>
std::string first_difference(MemorySource const& source, MemorySource const& model) {
  Serial executor;
  std::map<std::string, float> amax;
  std::vector<std::string> layers;
  for (auto const& [name, tensor] : source.tensors()) {
    if (name.find("_proj.weight") == std::string::npos)
      continue;
    layers.push_back(name);
    Shape const shape{static_cast<qfmt::index_t>(tensor.info.shape[0]),
                      static_cast<qfmt::index_t>(tensor.info.shape[1])};
    auto const largest =
        qfmt::oneshot::weight_amax({tensor.bytes, tensor.info.dtype, shape}, executor);
    if (!largest)
      return largest.error().message;
    float& shared = amax[qfmt::oneshot::fused_group(module_of(name))];
    shared = std::max(shared, *largest);
  }
  for (std::string const& name : layers) {
    auto const& tensor = source.at(name);
    Shape const shape{static_cast<qfmt::index_t>(tensor.info.shape[0]),
                      static_cast<qfmt::index_t>(tensor.info.shape[1])};
    auto const bytes = quantized<Preset, N, T>(tensor.bytes, shape,
                                               amax[qfmt::oneshot::fused_group(module_of(name))]);
    if (!bytes)
      return bytes.error().message;
    using S = qfmt::with_stored_scale<typename Preset::Weights, T>;
    auto const parts = qfmt::io::layer_tensors<S>(qfmt::io::compressed_format<Preset>(), shape);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      auto const& expected = model.at(module_of(name) + "." + parts[i].suffix);
      bool const same_kind =
          expected.info.dtype == parts[i].dtype && expected.info.shape == parts[i].shape;
      if (!same_kind || expected.bytes != (*bytes)[i])
        return module_of(name) + "." + parts[i].suffix;
    }
  }
  return layers.size() < 3 ? "nothing was compared" : "";
}

template <class Preset, qfmt::Real T>
void check_fixture() {
  CAPTURE(Preset::name);
  auto const folder = qfmt::test::fixtures() / "compressed_tensors" / Preset::name;
  MemorySource source{folder / "source.safetensors"};
  MemorySource const model{folder / "model.safetensors"};
  CHECK(first_difference<Preset, profile::CompressedTensors, T>(source, model) == "");

  // One weight of another value, or another sign, is seen.
  std::string const name = "model.layers.0.self_attn.v_proj.weight";
  source.at(name).bytes[sizeof(T) - 1] ^= std::byte{0x80};
  CHECK(first_difference<Preset, profile::CompressedTensors, T>(source, model).find("v_proj") !=
        std::string::npos);
}

}  // namespace

TEST_CASE("weights that the package has quantized get the same bytes") {
  check_fixture<preset::NVFP4A16, Code<BF16>>();
  check_fixture<preset::MXFP4, Code<BF16>>();
  check_fixture<preset::MXFP8, Code<FP16>>();
  check_fixture<preset::FP8_DYNAMIC, float>();
  check_fixture<preset::FP8_BLOCK, Code<BF16>>();
  check_fixture<preset::W8A8, Code<FP16>>();
  check_fixture<preset::W4A16, Code<BF16>>();
  check_fixture<preset::W4A16_ASYM, Code<BF16>>();
  check_fixture<preset::FP8, Code<FP16>>();
  check_fixture<preset::NVFP4, float>();
  check_fixture<preset::MXFP6A16, Code<BF16>>();
  check_fixture<preset::W3A16, float>();
}

// ---- What a job asks of a preset
// -----------------------------------------------------------------

TEST_CASE("presets that need data name one that does not") {
  preset::Storable::for_each([]<class P>() {
    CAPTURE(P::name);
    char const* const instead = qfmt::oneshot::data_free_preset<P>();
    if (P::name == preset::NVFP4::name) {
      CHECK(instead == std::string{"NVFP4A16"});
    } else if (P::name == preset::FP8::name) {
      CHECK(instead == std::string{"FP8_DYNAMIC"});
    } else {
      CHECK(instead == nullptr);
    }
  });
}

TEST_CASE("three dtypes are weights") {
  int count = 0;
  for (std::size_t i = 0; i < qfmt::io::dtype_count; ++i) {
    auto const dtype = static_cast<Dtype>(i);
    bool const visited =
        qfmt::oneshot::visit_real(dtype, [&]<class T>() { CHECK(dtype_of<T> == dtype); });
    count += visited ? 1 : 0;
  }
  CHECK(count == 3);
}

namespace {

template <qfmt::Real T>
void check_amax() {
  CAPTURE(static_cast<int>(dtype_of<T>));
  Serial executor;
  std::vector<T> values(300 * 7, qfmt::from_float<T>(0.25f));
  values[299 * 7 + 6] = qfmt::from_float<T>(-3.5f);
  Bytes bytes = bytes_of(values);
  auto const largest = qfmt::oneshot::weight_amax({bytes, dtype_of<T>, {300, 7}}, executor);
  REQUIRE(largest.ok());
  CHECK(*largest == 3.5f);

  for (float const bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    values[100 * 7 + 2] = qfmt::from_float<T>(bad);
    values[200 * 7] = qfmt::from_float<T>(bad);
    bytes = bytes_of(values);
    CHECK(samples::verdict(qfmt::oneshot::weight_amax({bytes, dtype_of<T>, {300, 7}}, executor),
                           Status::nonfinite_weight, "row 100, column 2: got ") == "");
  }
}

}  // namespace

TEST_CASE("the largest magnitude, or where the first value is that is not finite") {
  check_amax<float>();
  check_amax<Code<BF16>>();
  check_amax<Code<FP16>>();
  Serial executor;
  Bytes const bytes(8);
  CHECK(samples::verdict(qfmt::oneshot::weight_amax({bytes, Dtype::F64, {1, 1}}, executor),
                         Status::unknown_dtype, "got F64, expected F32, BF16 or F16") == "");
  CHECK(*qfmt::oneshot::weight_amax({bytes, Dtype::F32, {2, 1}}, executor) == 0.0f);
}

TEST_CASE("a preset as a value") {
  auto const w8a8 = qfmt::oneshot::layer_quantizer<preset::W8A8, profile::Qfmt, Serial>();
  CHECK(w8a8.name == std::string{"W8A8"});
  CHECK(w8a8.data_free == nullptr);
  CHECK_FALSE(w8a8.has_global);
  CHECK(w8a8.why_not({3, 5}).empty());
  CHECK(w8a8.why_not({0, 5}) == "got 0 x 5, expected a weight that is not empty");
  CHECK(w8a8.group() == qfmt::io::config_group<preset::W8A8>());

  for (Dtype const dtype : {Dtype::F32, Dtype::BF16, Dtype::F16}) {
    auto const tensors = w8a8.tensors(dtype, {3, 5});
    REQUIRE(tensors.size() == 2);
    CHECK(tensors[0].dtype == Dtype::I8);
    CHECK(tensors[1].dtype == dtype);  // scales are stored in the type of the weights
  }
  CHECK(w8a8.tensors(Dtype::U8, {3, 5}).empty());

  Serial executor;
  Bytes const weight = bytes_of(std::vector<float>{127.5f, -1.0f, 0.0f, 2.0f});
  auto const bytes = w8a8.quantize({weight, Dtype::F32, {2, 2}}, 0.0f, executor);
  REQUIRE(bytes.ok());
  REQUIRE(bytes->size() == 2);
  CHECK((*bytes)[0] == bytes_of(std::vector<int8_t>{127, -1, 0, 127}));
  CHECK((*bytes)[1] == bytes_of(std::vector<float>{1.0f, 2.0f / 127.5f}));
  CHECK(samples::verdict(w8a8.quantize({weight, Dtype::F64, {2, 1}}, 0.0f, executor),
                         Status::unknown_dtype, "got F64") == "");
  Bytes const nan =
      bytes_of(std::vector<float>{1.0f, 1.0f, 1.0f, std::numeric_limits<float>::quiet_NaN()});
  CHECK(samples::verdict(w8a8.quantize({nan, Dtype::F32, {2, 2}}, 0.0f, executor),
                         Status::nonfinite_weight, "row 1, column 1: got NaN") == "");
}

TEST_CASE("NVFP4 takes the tensor scale from all layers that share it") {
  std::vector<float> const values(32, 1.0f);
  Bytes const weight = bytes_of(values);
  auto const alone = quantized<preset::NVFP4A16, profile::Qfmt, float>(weight, {1, 32}, 1.0f);
  auto const shared = quantized<preset::NVFP4A16, profile::Qfmt, float>(weight, {1, 32}, 4.0f);
  REQUIRE(alone.ok());
  REQUIRE(shared.ok());
  // Packed codes, tensor scale, block scales.
  CHECK((*alone)[1] == bytes_of(std::vector<float>{2688.0f}));
  CHECK((*shared)[1] == bytes_of(std::vector<float>{672.0f}));
  CHECK((*alone)[0] == (*shared)[0]);
  CHECK((*alone)[2] == Bytes(2, std::byte{0x7E}));   // 448
  CHECK((*shared)[2] == Bytes(2, std::byte{0x6E}));  // 112
}

TEST_CASE("golden rows of 32 BF16 values") {
  // Computed by running the package, and typed here.
  std::vector<float> const row = {
      -0.005126953125f,     0.01025390625f,          -0.0045166015625f,     -0.00628662109375f,
      -0.0185546875f,       -0.0042724609375f,       0.022216796875f,       0.00848388671875f,
      0.020751953125f,      0.004974365234375f,      0.00787353515625f,     0.0037078857421875f,
      -0.033203125f,        0.01708984375f,          0.0101318359375f,      0.00994873046875f,
      -0.003387451171875f,  -0.0034942626953125f,    -0.00177764892578125f, -0.000934600830078125f,
      0.0006103515625f,     -9.202957153320312e-05f, 0.00104522705078125f,  -0.00128173828125f,
      0.00061798095703125f, 0.000789642333984375f,   -0.00131988525390625f, 0.0034332275390625f,
      0.0011138916015625f,  0.0023956298828125f,     -0.00124359130859375f, -0.0014801025390625f};
  std::vector<Code<BF16>> weight;
  for (float const x : row) weight.push_back(qfmt::from_float<Code<BF16>>(x));
  Bytes const bytes = bytes_of(weight);
  auto const hex = [](std::initializer_list<unsigned> list) {
    Bytes out;
    for (unsigned const b : list) out.push_back(static_cast<std::byte>(b));
    return out;
  };
  auto const nvfp4 = quantized<preset::NVFP4A16, profile::CompressedTensors, Code<BF16>>(
      bytes, {1, 32}, 0.033203125f);
  REQUIRE(nvfp4.ok());
  CHECK((*nvfp4)[0] == hex({0x4a, 0xaa, 0xad, 0x36, 0x26, 0x13, 0x5f, 0x44, 0xff, 0xbd, 0x82, 0xc4,
                            0x32, 0x7c, 0x64, 0xcc}));
  CHECK((*nvfp4)[1] == bytes_of(std::vector<float>{80896.0f}));
  CHECK((*nvfp4)[2] == hex({0x7e, 0x64}));
  auto const mxfp4 =
      quantized<preset::MXFP4, profile::CompressedTensors, Code<BF16>>(bytes, {1, 32});
  REQUIRE(mxfp4.ok());
  CHECK((*mxfp4)[0] == hex({0x39, 0xa9, 0x9c, 0x25, 0x15, 0x12, 0x4e, 0x33, 0x99, 0x88, 0x80, 0x80,
                            0x00, 0x18, 0x10, 0x88}));
  CHECK((*mxfp4)[1] == hex({120}));
  auto const fp8 =
      quantized<preset::FP8_DYNAMIC, profile::CompressedTensors, Code<BF16>>(bytes, {1, 32});
  REQUIRE(fp8.ok());
  CHECK(Bytes((*fp8)[0].begin(), (*fp8)[0].begin() + 16) ==
        hex({0xe9, 0x71, 0xe7, 0xeb, 0xf8, 0xe6, 0x79, 0x6e, 0x79, 0x68, 0x6d, 0x65, 0xfe, 0x76,
             0x71, 0x70}));
  CHECK((*fp8)[1] ==
        bytes_of(std::vector<Code<BF16>>{qfmt::from_float<Code<BF16>>(7.390975952148438e-05f)}));
}

TEST_CASE("the bytes do not depend on the executor") {
  Shape const shape{300, 256};
  auto const weight = qfmt::test::normal_matrix<Code<BF16>>(shape, 5);
  Bytes const bytes = bytes_of(weight.values);
  using P = preset::W4A16_ASYM;
  auto const serial = quantized<P, profile::CompressedTensors, Code<BF16>>(bytes, shape);
  REQUIRE(serial.ok());
  CHECK(*quantized<P, profile::CompressedTensors, Code<BF16>>(bytes, shape, 0.0f,
                                                              qfmt::test::Reversed{}) == *serial);
  CHECK(*quantized<P, profile::CompressedTensors, Code<BF16>>(bytes, shape, 0.0f,
                                                              qfmt::test::Threads{4}) == *serial);
}

TEST_CASE("a preset with another observer: it says how far its scales reach, and names itself") {
  using Searched = qfmt::NVFP4ExpandedMse;
  auto const plain = qfmt::oneshot::layer_quantizer<preset::NVFP4A16, profile::Qfmt, Serial>();
  auto const searched =
      qfmt::oneshot::layer_quantizer<preset::NVFP4A16, profile::Qfmt, Serial, Searched>();
  auto const matrix = qfmt::test::normal_matrix({3, 64}, 17);
  Bytes const bytes = bytes_of(matrix.values);
  qfmt::oneshot::RawWeight const weight{bytes, Dtype::F32, {3, 64}};
  Serial executor;

  CHECK(*plain.reach(weight, executor) == qfmt::amax<float>(matrix.view()));
  auto const reach = searched.reach(weight, executor);
  REQUIRE(reach.ok());
  using S = qfmt::with_observer<preset::NVFP4A16::Weights, Searched>;
  CHECK(qfmt::fit_global<S, float>(matrix.view()).encode_scale == 2688.0f / *reach);
  CHECK(*searched.quantize(weight, *reach, executor) ==
        *quantized<preset::NVFP4A16, profile::Qfmt, float, Searched>(bytes, {3, 64}, *reach));
  CHECK(*searched.quantize(weight, *reach, executor) != *plain.quantize(weight, *reach, executor));

  CHECK(searched.group().weights->observer == "nvfp4_expanded_mse");
  CHECK(plain.group().weights->observer.empty());
}
