// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.bench.peers;

import org.jspecify.annotations.Nullable;

/**
 * One run of one scenario on one rival.
 *
 * @param round counted from 1
 * @param load absent if it failed
 * @param jvm absent unless the server is one
 * @param failure what went wrong; such a run counts for nothing
 */
record Measurement(
        int round,
        String scenario,
        String rival,
        @Nullable LoadResult load,
        @Nullable JvmFigures jvm,
        @Nullable String failure) {}
