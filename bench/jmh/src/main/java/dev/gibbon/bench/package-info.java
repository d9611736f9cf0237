// SPDX-License-Identifier: Apache-2.0

/** JMH benchmarks of the hot paths. */
@NullMarked
package dev.gibbon.bench;

import org.jspecify.annotations.NullMarked;
