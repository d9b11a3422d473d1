# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# What holds for every header, whatever is in it: it compiles alone, twice, and among hostile macros;
# it includes only what its floor may; it has a test and a place in the reference; and two programs
# that include it can be linked together.

foreach(check IN ITEMS check_layers check_mirror check_headers)
  add_test(NAME ${check}.self_test COMMAND Python3::Interpreter ${scripts}/${check}.py --self-test)
endforeach()
add_test(NAME check_layers COMMAND Python3::Interpreter ${scripts}/check_layers.py)
add_test(NAME check_mirror COMMAND Python3::Interpreter ${scripts}/check_mirror.py)

# qfmt_check_headers(<name> COMPILER FLAGS...)
function(qfmt_check_headers name)
  if(NOT TARGET qfmt::yaml)
    set(without --without yaml-cpp)
  endif()
  add_test(NAME ${name} COMMAND Python3::Interpreter ${scripts}/check_headers.py
    --cache ${CMAKE_CURRENT_BINARY_DIR}/${name}.json ${without} -- ${ARGN})
  set_tests_properties(${name} PROPERTIES PROCESSORS 2 TIMEOUT 3600)
endfunction()

qfmt_check_headers(check_headers ${CMAKE_CXX_COMPILER})
qfmt_check_headers(check_headers.cxx23 ${CMAKE_CXX_COMPILER} -std=c++23)
set_tests_properties(check_headers.cxx23 PROPERTIES LABELS full)
find_program(CLANGXX clang++)
if(CLANGXX)
  qfmt_check_headers(check_headers.clang ${CLANGXX})
  set_tests_properties(check_headers.clang PROPERTIES LABELS full)
endif()

# Both halves of this program include every host header; a definition that is not inline would clash.
if(TARGET qfmt::oneshot AND TARGET qfmt::exec)
  file(GLOB_RECURSE host_headers CONFIGURE_DEPENDS RELATIVE ${include} ${include}/*.hpp)
  if(NOT TARGET qfmt::yaml)
    list(REMOVE_ITEM host_headers qfmt/io/yaml.hpp)
  endif()
  list(TRANSFORM host_headers PREPEND "#include <")
  list(TRANSFORM host_headers APPEND ">\n")
  list(JOIN host_headers "" host_headers)
  file(GENERATE OUTPUT linked_twice/one.cpp CONTENT "${host_headers}")
  file(GENERATE OUTPUT linked_twice/two.cpp CONTENT "${host_headers}int main() {}\n")
  add_executable(linked_twice
    ${CMAKE_CURRENT_BINARY_DIR}/linked_twice/one.cpp ${CMAKE_CURRENT_BINARY_DIR}/linked_twice/two.cpp)
  target_compile_options(linked_twice PRIVATE -O0 -fvisibility=default)
  target_link_libraries(linked_twice PRIVATE qfmt::oneshot qfmt::exec qfmt_warnings
    $<TARGET_NAME_IF_EXISTS:qfmt::yaml>)
  add_test(NAME linked_twice COMMAND linked_twice)
endif()
