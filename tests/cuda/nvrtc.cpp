// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Kernels compiled at run time see no standard headers and get no special flags: floors 0 to 2 must
// be usable there as they are. This needs the compiler only, not a GPU.

#include <doctest/doctest.h>
#include <filesystem>
#include <nvrtc.h>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace {

/// The errors in a compiler's log, each once.
std::string errors(std::string const& log) {
  std::set<std::string> lines;
  std::istringstream stream{log};
  for (std::string line; std::getline(stream, line);) {
    if (line.find("error") != std::string::npos)
      lines.insert(line.substr(0, 160));
  }
  std::string out;
  for (std::string const& line : lines) out += line + '\n';
  return out;
}

/// What the compiler has against `source`; nothing if it accepts it.
std::string compile(std::string const& source) {
  nvrtcProgram program{};
  REQUIRE(nvrtcCreateProgram(&program, source.c_str(), "test.cu", 0, nullptr, nullptr) ==
          NVRTC_SUCCESS);
  std::vector<char const*> const flags{"-std=c++20", "-arch=sm_90", "-I" QFMT_INCLUDE,
                                       "-I" QFMT_CUDA_INCLUDE, "-I" QFMT_CUDA_INCLUDE "/cccl"};
  nvrtcResult const verdict =
      nvrtcCompileProgram(program, static_cast<int>(flags.size()), flags.data());
  std::size_t size = 0;
  REQUIRE(nvrtcGetProgramLogSize(program, &size) == NVRTC_SUCCESS);
  std::string log(size, '\0');
  REQUIRE(nvrtcGetProgramLog(program, log.data()) == NVRTC_SUCCESS);
  REQUIRE(nvrtcDestroyProgram(&program) == NVRTC_SUCCESS);
  return verdict == NVRTC_SUCCESS ? "" : errors(log);
}

/// Includes of every header of a floor, but for what only host code uses.
std::string floor(char const* name) {
  std::string includes;
  for (auto const& entry :
       std::filesystem::directory_iterator{std::string{QFMT_INCLUDE "/qfmt/"} + name}) {
    if (entry.is_directory() || entry.path().filename() == "parallel.hpp" ||
        entry.path().filename() == "limits.hpp")
      continue;
    includes +=
        "#include <qfmt/" + std::string{name} + "/" + entry.path().filename().string() + ">\n";
  }
  REQUIRE(!includes.empty());
  return includes;
}

}  // namespace

TEST_CASE("floors 0 to 2 compile under NVRTC") {
  CHECK(compile(floor("core") + floor("formats") + floor("scaling") + floor("scaling/profiles") +
                "#include <qfmt/packing/pack.hpp>\n" + R"(
    __global__ void kernel(float const* x, float* y) {
      int const i = threadIdx.x;
      y[i] = qfmt::decode(qfmt::encode<qfmt::E4M3>(x[i])) + qfmt::decode(qfmt::encode<qfmt::INT4>(x[i]));
    })") == "");
}

TEST_CASE("the door for authors of kernels compiles under NVRTC") {
  CHECK(compile(R"(
    #include <qfmt/cuda/dequant.cuh>
    extern "C" __global__ void kernel(unsigned const* codes, unsigned* y, unsigned short scale) {
      int const i = threadIdx.x;
      auto const w = qfmt::cuda::decode<qfmt::Code<qfmt::BF16>>(qfmt::cuda::Codes<qfmt::E2M1, 8>{{codes[i]}});
      auto const scaled = qfmt::cuda::multiply(w, qfmt::Code<qfmt::BF16>{scale});
      for (int j = 0; j < 4; ++j) y[4 * i + j] = scaled.word[j];
      qfmt::cuda::Values<float, 8> x;
      for (int j = 0; j < 8; ++j) x.set(j, scaled[j]);
      y[4 * i] ^= qfmt::cuda::encode<qfmt::E4M3>(x).word[0] ^ qfmt::cuda::encode<qfmt::E2M1>(x).word[0];
      auto const random = qfmt::cuda::random_words<8>(qfmt::Philox{7}, 8 * i);
      y[4 * i] ^= qfmt::cuda::encode<qfmt::E4M3, qfmt::Stochastic<8>>(x, random).word[0];
      y[4 * i] ^= qfmt::cuda::quantize_block<qfmt::NVFP4, qfmt::cuda::NeighbouringLanes<2>>(
          x, random, {1.0f}).codes.word[0];
    })") == "");
}

TEST_CASE("the kernels of floor tensor compile under NVRTC: what starts them stays behind") {
  CHECK(compile(R"(
    #include <qfmt/cuda/tensor/amax.cuh>
    #include <qfmt/cuda/tensor/quantize_blocks.cuh>
    #include <qfmt/cuda/tensor/quantize_rows.cuh>
    #include <qfmt/cuda/tensor/quantize_tensor.cuh>
    #include <qfmt/cuda/tensor/rms_norm.cuh>
    #include <qfmt/cuda/tensor/row_kernel.cuh>
    #include <qfmt/cuda/tensor/silu_mul.cuh>
    using Amax = qfmt::cuda::PartialAmax<qfmt::Code<qfmt::BF16>>;
    extern "C" __global__ void __launch_bounds__(Amax::max_threads) kernel(Amax const body) {
      __shared__ Amax::Shared shared;
      body.operator()<qfmt::cuda::HardwareThreads>(shared);
    })") == "");
}

TEST_CASE("a host-only header is noticed") {
  CHECK(compile("#include <vector>\n") != "");
}
