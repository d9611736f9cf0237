// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.extension.deflate;

import dev.gibbon.Role;

/**
 * What both sides agreed on for permessage-deflate (RFC 7692 §7.1), each direction by its sender.
 *
 * @param server what the server's messages keep to
 * @param client what the client's messages keep to
 */
public record DeflateAgreement(Direction server, Direction client) {
    /** {@return what the messages that {@code role} sends keep to} */
    public Direction outgoing(Role role) {
        return role == Role.SERVER ? server : client;
    }

    /** {@return what the messages that {@code role} receives keep to} */
    public Direction incoming(Role role) {
        return outgoing(role.peer());
    }

    /**
     * What the messages of one side keep to.
     *
     * @param contextTakeover whether a message may refer back to earlier ones (§7.1.1)
     * @param windowBits the base-2 logarithm of the farthest distance a message may refer back, 8 to 15 (§7.1.2)
     */
    public record Direction(boolean contextTakeover, int windowBits) {
        /**
         * Checks the range.
         *
         * @throws IllegalArgumentException if {@code windowBits} is out of range
         */
        public Direction {
            if (windowBits < WindowBits.LEAST || windowBits > WindowBits.MOST) {
                throw new IllegalArgumentException(
                        "window bits " + windowBits + " are not from 8 to 15 (RFC 7692 §7.1.2)");
            }
        }
    }
}
