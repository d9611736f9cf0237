// SPDX-License-Identifier: Apache-2.0

/** Gibbon's WebSockets as handlers of Undertow: {@link dev.gibbon.undertow.GibbonUndertow} is where to begin. */
@NullMarked
package dev.gibbon.undertow;

import org.jspecify.annotations.NullMarked;
