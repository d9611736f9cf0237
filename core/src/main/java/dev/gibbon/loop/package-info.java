// SPDX-License-Identifier: Apache-2.0

/**
 * What runs the turns of connections: event loops with selectors, on threads of a host, and pumps. Not exported.
 */
@NullMarked
package dev.gibbon.loop;

import org.jspecify.annotations.NullMarked;
