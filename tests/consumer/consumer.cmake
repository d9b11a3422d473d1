# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Other people's projects: each builds a small program against qfmt in one of the ways users do.

foreach(way IN ITEMS find_package fetch_content pkg_config)
  add_test(NAME consumer.${way} COMMAND
    bash ${CMAKE_CURRENT_LIST_DIR}/run.sh ${way} ${PROJECT_BINARY_DIR} ${CMAKE_CURRENT_BINARY_DIR}/consumer)
  set_tests_properties(consumer.${way} PROPERTIES
    ENVIRONMENT "CXX=${CMAKE_CXX_COMPILER};CMAKE_GENERATOR=${CMAKE_GENERATOR}" SKIP_RETURN_CODE 77)
endforeach()
