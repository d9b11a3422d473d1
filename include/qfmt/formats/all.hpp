// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <qfmt/formats/bf16.hpp>
#include <qfmt/formats/e2m1.hpp>
#include <qfmt/formats/e2m3.hpp>
#include <qfmt/formats/e3m2.hpp>
#include <qfmt/formats/e3m4.hpp>
#include <qfmt/formats/e4m3.hpp>
#include <qfmt/formats/e4m3b11fnuz.hpp>
#include <qfmt/formats/e4m3fnuz.hpp>
#include <qfmt/formats/e4m3ieee.hpp>
#include <qfmt/formats/e5m2.hpp>
#include <qfmt/formats/e5m2fnuz.hpp>
#include <qfmt/formats/e8m0.hpp>
#include <qfmt/formats/fp16.hpp>
#include <qfmt/formats/int2.hpp>
#include <qfmt/formats/int3.hpp>
#include <qfmt/formats/int4.hpp>
#include <qfmt/formats/int5.hpp>
#include <qfmt/formats/int6.hpp>
#include <qfmt/formats/int7.hpp>
#include <qfmt/formats/int8.hpp>
#include <qfmt/formats/mxint8.hpp>
#include <qfmt/formats/nf4.hpp>
#include <qfmt/formats/s1m3.hpp>
#include <qfmt/formats/ue4m3.hpp>
#include <qfmt/formats/ue5m3.hpp>
#include <qfmt/formats/uint2.hpp>
#include <qfmt/formats/uint3.hpp>
#include <qfmt/formats/uint4.hpp>
#include <qfmt/formats/uint5.hpp>
#include <qfmt/formats/uint6.hpp>
#include <qfmt/formats/uint7.hpp>
#include <qfmt/formats/uint8.hpp>

namespace qfmt {

/// Every format of the library, by family. Laws, tables, benchmarks and conformance vectors iterate
/// over these lists: a new format joins them by being named here.
using FloatFormats = TypeList<E2M1, E2M3, E3M2, E3M4, E4M3, E4M3B11FNUZ, E4M3FNUZ, E4M3IEEE, E5M2,
                              E5M2FNUZ, UE4M3, UE5M3, FP16, BF16>;
using ScaleOnlyFormats = TypeList<E8M0>;
using IntegerFormats = TypeList<INT2, INT3, INT4, INT5, INT6, INT7, INT8, UINT2, UINT3, UINT4,
                                UINT5, UINT6, UINT7, UINT8, MXINT8>;
using CodebookFormats = TypeList<NF4, S1M3>;

}  // namespace qfmt
