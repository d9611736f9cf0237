// SPDX-License-Identifier: Apache-2.0

/** Gibbon in Tomcat: see {@link dev.gibbon.tomcat.GibbonTomcat}. */
@NullMarked
package dev.gibbon.tomcat;

import org.jspecify.annotations.NullMarked;
