# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Every fuzz target over its corpus. Fuzzing itself is scripts/fuzz.sh.

add_executable(fuzz_replay ${CMAKE_CURRENT_LIST_DIR}/replay.cpp)
target_link_libraries(fuzz_replay PRIVATE qfmt::oneshot qfmt::io qfmt_warnings)
target_include_directories(fuzz_replay PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})

file(GLOB corpora CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_LIST_DIR}/corpus
  ${CMAKE_CURRENT_LIST_DIR}/corpus/*)
if(TARGET qfmt::yaml)
  target_link_libraries(fuzz_replay PRIVATE qfmt::yaml)
  target_compile_definitions(fuzz_replay PRIVATE QFMT_FUZZ_YAML)
else()
  list(REMOVE_ITEM corpora yaml)
endif()
foreach(target IN LISTS corpora)
  add_test(NAME fuzz.${target}
    COMMAND fuzz_replay ${target} ${CMAKE_CURRENT_LIST_DIR}/corpus/${target})
endforeach()

# A target that never holds, to see that it would be noticed.
add_test(NAME fuzz.control COMMAND bash -c
  "$<TARGET_FILE:fuzz_replay> control ${CMAKE_CURRENT_LIST_DIR}/corpus/json 2>&1 | grep -q 'violated: the control'")
