// SPDX-License-Identifier: Apache-2.0

/**
 * From a URI to an open connection: targets, name look-up, connecting, TLS, proxies, redirects, one deadline
 * over it all. Not exported.
 */
@NullMarked
package dev.gibbon.client;

import org.jspecify.annotations.NullMarked;
