// SPDX-License-Identifier: Apache-2.0

/** Sockets, TLS, HTTP/1.1 heads, buffer pools and timers. Not exported. */
@NullMarked
package dev.gibbon.internal;

import org.jspecify.annotations.NullMarked;
