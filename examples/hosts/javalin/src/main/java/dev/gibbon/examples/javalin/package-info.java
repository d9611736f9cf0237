// SPDX-License-Identifier: Apache-2.0

/** Gibbon in Javalin. */
@NullMarked
package dev.gibbon.examples.javalin;

import org.jspecify.annotations.NullMarked;
