// SPDX-License-Identifier: Apache-2.0

/** The opening handshake (RFC 6455 §4) as pure functions over header values. No I/O. */
@NullMarked
package dev.gibbon.handshake;

import org.jspecify.annotations.NullMarked;
