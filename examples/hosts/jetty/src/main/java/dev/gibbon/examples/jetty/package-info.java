// SPDX-License-Identifier: Apache-2.0

/** Gibbon in Jetty. */
@NullMarked
package dev.gibbon.examples.jetty;

import org.jspecify.annotations.NullMarked;
