// SPDX-License-Identifier: Apache-2.0

/** What an upgraded request becomes. Public for Tomcat, which makes it, and for nobody else. */
@NullMarked
package dev.gibbon.tomcat.internal;

import org.jspecify.annotations.NullMarked;
