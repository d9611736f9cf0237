// SPDX-License-Identifier: Apache-2.0

/** Gibbon's WebSockets in Helidon: {@link dev.gibbon.helidon.GibbonHelidon} is where to begin. */
@NullMarked
package dev.gibbon.helidon;

import org.jspecify.annotations.NullMarked;
