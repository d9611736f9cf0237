// SPDX-License-Identifier: Apache-2.0

/** Gibbon in Helidon. */
@NullMarked
package dev.gibbon.examples.helidon;

import org.jspecify.annotations.NullMarked;
