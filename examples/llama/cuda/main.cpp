// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// `llama_cuda MODEL PROMPT TOKENS`: continues a text twice, with the linear layers on the host and on a
// CUDA device. The two may part where two tokens are rated nearly the same: activations of the device's
// products are BF16.

#include <cstdio>
#include <string>

#include "../generate.hpp"
#include "layers.hpp"
#include "weight.hpp"

namespace {

using namespace qfmt;

Result<void> run(std::filesystem::path const& directory, std::string const& prompt,
                 index_t tokens) {
  auto model = llama::Model::load(directory);
  if (!model)
    return model.error();
  auto const tokenizer = llama::Tokenizer::load(directory, model->config());
  if (!tokenizer)
    return tokenizer.error();
  ThreadPool threads;
  auto const write = [](std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
  };
  for (bool const on_device : {false, true}) {
    if (on_device) {
      auto const moved = llama::cuda::move_to_device(directory, *model);
      if (!moved)
        return moved.error();
      std::printf("\n--- %d layers on the device\n", *moved);
    }
    auto const done = llama::generate(*model, *tokenizer, prompt, tokens, threads, write);
    if (!done)
      return done.error();
  }
  std::printf("\n");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: llama_cuda MODEL PROMPT TOKENS\n");
    return 2;
  }
  if (!llama::cuda::has_device()) {
    std::puts("SKIP: no CUDA device");
    return 77;
  }
  auto const done = run(argv[1], argv[2], std::atoll(argv[3]));
  if (done)
    return 0;
  std::fprintf(stderr, "llama_cuda: %s\n", done.error().to_string().c_str());
  return 2;
}
