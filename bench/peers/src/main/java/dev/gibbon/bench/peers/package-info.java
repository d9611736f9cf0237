// SPDX-License-Identifier: Apache-2.0

/** Runs the same scenarios against Gibbon and its rivals, interleaved, and writes the report. */
@NullMarked
package dev.gibbon.bench.peers;

import org.jspecify.annotations.NullMarked;
