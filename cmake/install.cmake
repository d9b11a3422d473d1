# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Installs the headers, the CMake package and the pkg-config file. All of it is text, the same for
# every processor, and so lives under share/.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_directory ${CMAKE_INSTALL_DATADIR}/cmake/qfmt)

install(TARGETS qfmt EXPORT qfmtTargets FILE_SET HEADERS COMPONENT qfmt)
install(EXPORT qfmtTargets NAMESPACE qfmt:: DESTINATION ${package_directory} COMPONENT qfmt)

configure_package_config_file(cmake/qfmtConfig.cmake.in ${PROJECT_BINARY_DIR}/qfmtConfig.cmake
  INSTALL_DESTINATION ${package_directory} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/qfmtConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES
    ${PROJECT_BINARY_DIR}/qfmtConfig.cmake
    ${PROJECT_BINARY_DIR}/qfmtConfigVersion.cmake
    ${PROJECT_SOURCE_DIR}/cmake/qfmtComponents.cmake
  DESTINATION ${package_directory} COMPONENT qfmt)

configure_file(cmake/qfmt.pc.in ${PROJECT_BINARY_DIR}/qfmt.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/qfmt.pc
  DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig COMPONENT qfmt)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE
  DESTINATION ${CMAKE_INSTALL_DATADIR}/licenses/qfmt COMPONENT qfmt)
