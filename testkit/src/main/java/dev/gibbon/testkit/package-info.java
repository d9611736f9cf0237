// SPDX-License-Identifier: Apache-2.0

/** Tools for tests: transports in memory, time by hand, raw frames, and a record of what happened. */
@NullMarked
package dev.gibbon.testkit;

import org.jspecify.annotations.NullMarked;
