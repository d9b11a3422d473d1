# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# The optional parts of qfmt and what each needs. Read by the build and by the installed package, so
# that both have the same targets; an installation has all of them, whatever its machine had.
#
#   qfmt::exec          the thread pool               Threads
#   qfmt::calibration   GPTQ, AWQ, SmoothQuant, ...   nothing
#   qfmt::io            checkpoints                   nlohmann/json 3.9
#   qfmt::oneshot       recipes                       nlohmann/json and RE2
#   qfmt::yaml          recipes in YAML               nlohmann/json and yaml-cpp 0.7
#   qfmt::cuda          everything under cuda/        CUDA toolkit 12.8

set(qfmt_components exec calibration io oneshot yaml cuda)

# Makes `target` exist by finding `package` (followed by find_package arguments), if it does not yet.
macro(qfmt_require target package)
  if(NOT TARGET ${target})
    find_package(${package} ${ARGN} QUIET)
  endif()
  list(APPEND qfmt_links ${target})
  if(NOT TARGET ${target})
    set(qfmt_missing "${package} was not found")
  endif()
endmacro()

# Creates qfmt::<component>, or sets qfmt_<component>_NOT_FOUND_MESSAGE. A second argument GLOBAL
# makes it visible in the whole project.
macro(qfmt_add_component component)
  set(qfmt_links qfmt::qfmt)
  set(qfmt_missing "")

  if("${component}" STREQUAL "exec")
    qfmt_require(Threads::Threads Threads)
  elseif("${component}" STREQUAL "calibration")
    # Its headers need nothing: the component is their name.
  elseif("${component}" STREQUAL "io")
    qfmt_require(nlohmann_json::nlohmann_json nlohmann_json 3.9)
  elseif("${component}" STREQUAL "oneshot")
    qfmt_require(nlohmann_json::nlohmann_json nlohmann_json 3.9)
    qfmt_find_re2()
    qfmt_require(re2::re2 re2)
  elseif("${component}" STREQUAL "yaml")
    qfmt_require(nlohmann_json::nlohmann_json nlohmann_json 3.9)
    qfmt_find_yaml_cpp()
    qfmt_require(yaml-cpp::yaml-cpp yaml-cpp)
  elseif("${component}" STREQUAL "cuda")
    qfmt_require(CUDA::cudart CUDAToolkit 12.8)
  else()
    set(qfmt_missing "qfmt has no component of this name, only ${qfmt_components}")
  endif()

  if(qfmt_missing)
    set(qfmt_${component}_FOUND FALSE)
    set(qfmt_${component}_NOT_FOUND_MESSAGE "${qfmt_missing}")
  else()
    set(qfmt_${component}_FOUND TRUE)
    if(NOT TARGET qfmt::${component})
      add_library(qfmt::${component} INTERFACE IMPORTED ${ARGN})
      target_link_libraries(qfmt::${component} INTERFACE ${qfmt_links})
      if("${component}" STREQUAL "cuda")
        qfmt_set_cuda_options()
      endif()
    endif()
  endif()
endmacro()

# RE2's packages differ in what they ship: Debian's has a library and a header, and no CMake config.
macro(qfmt_find_re2)
  find_path(QFMT_RE2_INCLUDE_DIR re2/re2.h)
  find_library(QFMT_RE2_LIBRARY re2)
  mark_as_advanced(QFMT_RE2_INCLUDE_DIR QFMT_RE2_LIBRARY)
  if(NOT TARGET re2::re2 AND QFMT_RE2_INCLUDE_DIR AND QFMT_RE2_LIBRARY)
    add_library(re2::re2 UNKNOWN IMPORTED GLOBAL)
    set_target_properties(re2::re2 PROPERTIES
      IMPORTED_LOCATION "${QFMT_RE2_LIBRARY}"
      INTERFACE_INCLUDE_DIRECTORIES "${QFMT_RE2_INCLUDE_DIR}")
  endif()
endmacro()

# Before 0.8, yaml-cpp's target has no namespace.
macro(qfmt_find_yaml_cpp)
  if(NOT TARGET yaml-cpp::yaml-cpp)
    find_package(yaml-cpp 0.7 QUIET)
    if(NOT TARGET yaml-cpp::yaml-cpp AND TARGET yaml-cpp)
      add_library(yaml-cpp::yaml-cpp ALIAS yaml-cpp)
    endif()
  endif()
endmacro()

macro(qfmt_set_cuda_options)
  # cxx_std_20 does not reach CUDA sources, and CMake before 3.26 does not know that nvcc has C++20.
  if("cuda_std_20" IN_LIST CMAKE_CUDA_COMPILE_FEATURES)
    target_compile_features(qfmt::cuda INTERFACE cuda_std_20)
  else()
    target_compile_options(qfmt::cuda INTERFACE
      $<$<COMPILE_LANG_AND_ID:CUDA,NVIDIA>:-std=c++20>)
  endif()
  # Since CUDA 13, CUB and libcu++ have a folder of their own, which only nvcc finds by itself.
  foreach(qfmt_directory IN LISTS CUDAToolkit_INCLUDE_DIRS)
    if(EXISTS "${qfmt_directory}/cccl")
      target_include_directories(qfmt::cuda INTERFACE
        $<$<COMPILE_LANGUAGE:CXX>:${qfmt_directory}/cccl>)
    endif()
  endforeach()
endmacro()
