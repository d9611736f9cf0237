// SPDX-License-Identifier: Apache-2.0

/** Gibbon in Netty. */
@NullMarked
package dev.gibbon.examples.netty;

import org.jspecify.annotations.NullMarked;
