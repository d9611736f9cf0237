// SPDX-License-Identifier: Apache-2.0

/** Gibbon in Undertow. */
@NullMarked
package dev.gibbon.examples.undertow;

import org.jspecify.annotations.NullMarked;
