// SPDX-License-Identifier: Apache-2.0

/** A client that comes back when its connection is lost; written against the public API of {@code dev.gibbon} alone. */
@NullMarked
package dev.gibbon.reconnect;

import org.jspecify.annotations.NullMarked;
