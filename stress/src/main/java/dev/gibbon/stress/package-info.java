// SPDX-License-Identifier: Apache-2.0

/** Whole connections under jcstress. */
@NullMarked
package dev.gibbon.stress;

import org.jspecify.annotations.NullMarked;
