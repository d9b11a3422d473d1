# SPDX-FileCopyrightText: 2026 The qfmt authors
# SPDX-License-Identifier: Apache-2.0

# Enables the CUDA language for our own tests, benchmarks and examples, where QFMT_CUDA asks for it
# and a compiler works. CUDA is never required: with AUTO and no compiler the host part is built.

if(NOT QFMT_CUDA)
  return()
endif()

if(NOT CMAKE_CUDA_ARCHITECTURES)
  set(CMAKE_CUDA_ARCHITECTURES 90a)  # Hopper, where the kernels are measured
endif()

# nvcc is often installed without being on PATH.
find_package(CUDAToolkit QUIET)
if(CUDAToolkit_NVCC_EXECUTABLE AND NOT DEFINED ENV{CUDACXX})
  set(ENV{CUDACXX} ${CUDAToolkit_NVCC_EXECUTABLE})
endif()

include(CheckLanguage)
check_language(CUDA)
if(CMAKE_CUDA_COMPILER)
  enable_language(CUDA)
elseif(QFMT_CUDA STREQUAL "AUTO")
  message(STATUS "No CUDA compiler: the CUDA tests, benchmarks and examples are left out")
else()
  message(FATAL_ERROR "QFMT_CUDA is ${QFMT_CUDA}, but no working CUDA compiler was found")
endif()
