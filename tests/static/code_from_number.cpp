// expect-error: conversion from 'int'|no viable conversion from 'int'
// SPDX-FileCopyrightText: 2026 The qfmt authors
// SPDX-License-Identifier: Apache-2.0

// A number is not a code; it has to be encoded.

#include <qfmt/formats/e4m3.hpp>

qfmt::Code<qfmt::E4M3> const code = 5;
