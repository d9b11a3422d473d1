// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// Runs a fuzz target over the files of a folder, with any compiler:
//
//     fuzz_replay TARGET FOLDER

#include <fuzz/targets.hpp>

int main(int count, char** arguments) {
  fuzz::Target const* const target = count == 3 ? fuzz::find_target(arguments[1]) : nullptr;
  if (target == nullptr) {
    std::fprintf(stderr, "usage: fuzz_replay TARGET FOLDER\n");
    return 2;
  }
  int files = 0;
  for (auto const& entry : std::filesystem::directory_iterator(arguments[2])) {
    std::string const bytes = samples::read(entry.path());
    std::printf("%s\n", entry.path().filename().c_str());
    std::fflush(stdout);  // the last name is the one that ended the program
    // A copy without a byte to spare: AddressSanitizer sees what is read behind it.
    std::vector<std::uint8_t> const exact(bytes.begin(), bytes.end());
    target->run(exact);
    ++files;
  }
  std::printf("%s: %d inputs\n", arguments[1], files);
  return files == 0 ? 1 : 0;
}
