// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/** Which side of a connection we are; it decides who masks (RFC 6455 §5.1). */
public enum Role {
    /** The side that sent the opening handshake; masks every frame it sends. */
    CLIENT,
    /** The side that accepted the opening handshake; never masks. */
    SERVER;

    /** {@return the other side} */
    public Role peer() {
        return this == CLIENT ? SERVER : CLIENT;
    }
}
