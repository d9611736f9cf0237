// SPDX-License-Identifier: Apache-2.0

/** Gibbon in Jetty 12.1: a core handler, and what upgrades a request inside of one. */
@NullMarked
package dev.gibbon.jetty;

import org.jspecify.annotations.NullMarked;
