# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Enables the CUDA language for our own tests, benchmarks and examples and sets qfmt_builds_cuda, where
# QFMT_CUDA asks for it and a compiler works. CUDA is never required: with AUTO and no compiler the
# host part is built.

set(qfmt_builds_cuda FALSE)
if(NOT QFMT_CUDA)
  return()
endif()

find_package(CUDAToolkit 12.8 QUIET)
if(CUDAToolkit_FOUND)
  if(CUDAToolkit_NVCC_EXECUTABLE AND NOT DEFINED ENV{CUDACXX})  # it may be installed without being on PATH
    set(ENV{CUDACXX} ${CUDAToolkit_NVCC_EXECUTABLE})
  endif()
  if(NOT CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES 90a)  # Hopper, where the kernels are measured
  endif()
  include(CheckLanguage)
  check_language(CUDA)
endif()

if(CUDAToolkit_FOUND AND CMAKE_CUDA_COMPILER)
  enable_language(CUDA)
  set(qfmt_builds_cuda TRUE)
elseif(QFMT_CUDA STREQUAL "AUTO")
  message(STATUS "No CUDA toolkit 12.8 or newer: the CUDA tests, benchmarks and examples are left out")
else()
  message(FATAL_ERROR "QFMT_CUDA is ${QFMT_CUDA}, but no working CUDA toolkit 12.8 or newer was found")
endif()
