// SPDX-License-Identifier: Apache-2.0

/** What a coverage-guided fuzzer calls: each target takes bytes, and throws only where the library is wrong. */
@NullMarked
package dev.gibbon.fuzz;

import org.jspecify.annotations.NullMarked;
