// SPDX-License-Identifier: Apache-2.0

/** Strict and bounded HTTP/1.1 message heads (RFC 9112), from bytes and to bytes. No I/O. Not exported. */
@NullMarked
package dev.gibbon.http;

import org.jspecify.annotations.NullMarked;
