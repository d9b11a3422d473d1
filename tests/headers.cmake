# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# What holds for every header, whatever is in it: it compiles alone, twice, and among hostile macros;
# it includes only what its floor may; it has a test and a place in the reference; and two programs
# that include it can be linked together.

foreach(name IN ITEMS layers mirror headers)
  add_test(NAME check.${name}.self_test COMMAND Python3::Interpreter ${scripts}/check_${name}.py --self-test)
endforeach()

add_test(NAME check.layers COMMAND Python3::Interpreter ${scripts}/check_layers.py)
add_test(NAME check.mirror COMMAND Python3::Interpreter ${scripts}/check_mirror.py)
add_test(NAME check.headers COMMAND Python3::Interpreter ${scripts}/check_headers.py
  --cache ${CMAKE_CURRENT_BINARY_DIR}/headers -- ${CMAKE_CXX_COMPILER})
set_tests_properties(check.headers PROPERTIES PROCESSORS 2 TIMEOUT 3600)

# Both halves of this program include every host header; a definition that is not inline would clash.
if(TARGET qfmt::oneshot AND TARGET qfmt::exec)
  file(GLOB_RECURSE host_headers CONFIGURE_DEPENDS RELATIVE ${include} ${include}/*.hpp)
  list(TRANSFORM host_headers PREPEND "#include <")
  list(TRANSFORM host_headers APPEND ">\n")
  list(JOIN host_headers "" host_headers)
  file(GENERATE OUTPUT linked_twice/one.cpp CONTENT "${host_headers}")
  file(GENERATE OUTPUT linked_twice/two.cpp CONTENT "${host_headers}int main() {}\n")
  add_executable(linked_twice
    ${CMAKE_CURRENT_BINARY_DIR}/linked_twice/one.cpp ${CMAKE_CURRENT_BINARY_DIR}/linked_twice/two.cpp)
  target_compile_options(linked_twice PRIVATE -O0 -fvisibility=default)
  target_link_libraries(linked_twice PRIVATE qfmt::oneshot qfmt::exec qfmt_warnings)
  add_test(NAME check.linked_twice COMMAND linked_twice)
endif()
