// SPDX-License-Identifier: Apache-2.0

/** An in-memory transport pair, a clock moved by hand, a scripted peer and a recorder. */
@NullMarked
package dev.gibbon.testkit;

import org.jspecify.annotations.NullMarked;
