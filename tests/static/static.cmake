# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Programs that must not compile, each for the reason that it states in its first lines.

file(GLOB wrong_programs CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.cpp)
foreach(source IN LISTS wrong_programs)
  cmake_path(GET source STEM name)
  add_test(NAME static.${name} COMMAND
    Python3::Interpreter ${scripts}/expect_compile_error.py ${source}
    -- ${CMAKE_CXX_COMPILER} -std=c++20 -Werror=unused-result -I${include})
endforeach()

add_test(NAME expect_compile_error.self_test COMMAND
  Python3::Interpreter ${scripts}/expect_compile_error.py --self-test -- ${CMAKE_CXX_COMPILER})
