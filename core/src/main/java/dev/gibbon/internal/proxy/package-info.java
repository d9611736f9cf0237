// SPDX-License-Identifier: Apache-2.0

/** Tunnels through HTTP and SOCKS5 proxies, and which of them a connection takes. Not exported. */
@NullMarked
package dev.gibbon.internal.proxy;

import org.jspecify.annotations.NullMarked;
