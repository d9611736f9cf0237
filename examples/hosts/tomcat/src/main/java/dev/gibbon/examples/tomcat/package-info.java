// SPDX-License-Identifier: Apache-2.0

/** Gibbon in Tomcat. */
@NullMarked
package dev.gibbon.examples.tomcat;

import org.jspecify.annotations.NullMarked;
