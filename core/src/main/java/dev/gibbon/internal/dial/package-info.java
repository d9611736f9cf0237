// SPDX-License-Identifier: Apache-2.0

/**
 * How a dialer gets from a URI to an answered request: targets,
 * name look-up, connecting, TLS, one deadline over it all.
 */
@NullMarked
package dev.gibbon.internal.dial;

import org.jspecify.annotations.NullMarked;
