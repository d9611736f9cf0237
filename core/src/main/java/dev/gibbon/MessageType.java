// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/** The two kinds of message (RFC 6455 §5.6). */
public enum MessageType {
    /** UTF-8 text; what arrives has been validated (§8.1). */
    TEXT,
    /** Bytes whose meaning is the application's. */
    BINARY
}
