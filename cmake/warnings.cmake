# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# The warnings under which our own tests, tools, examples and benchmarks are compiled. qfmt's headers
# are clean under them; users of the library choose their own.

set(warnings -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wdouble-promotion)
set(cuda_warnings -Xcompiler=-Wall,-Wextra,-Wno-restrict)  # g++ 12 sees overlaps in std::string at -O3
if(QFMT_WERROR)
  list(APPEND warnings -Werror)
  list(APPEND cuda_warnings --Werror=all-warnings)
endif()

add_library(qfmt_warnings INTERFACE)
target_compile_options(qfmt_warnings INTERFACE
  "$<$<COMPILE_LANG_AND_ID:CXX,GNU,Clang,AppleClang>:${warnings}>"
  "$<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:${cuda_warnings}>")
