// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * Where a connection stands in its life. There is no state for the
 * opening handshake (RFC 6455 §4): a connection exists once that is done.
 */
public enum ConnectionState {
    /** Messages flow (§4.1, §4.2.2). */
    OPEN,
    /** A Close frame was sent or received (§7.1.3). */
    CLOSING,
    /** The transport is gone (§7.1.4). */
    CLOSED
}
