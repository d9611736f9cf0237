// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * A close code (RFC 6455 §7.4 and the IANA registry). Any number from 0 to 65535 can be named, since a peer may send
 * any; {@link #maySend()} tells which of them may stand in a Close frame.
 *
 * @param value the number on the wire, unsigned 16 bits
 */
public record CloseCode(int value) {
    /** 1000: the purpose of the connection is fulfilled. */
    public static final CloseCode NORMAL = new CloseCode(1000);

    /** 1001: an endpoint goes away, such as a server that shuts down or a page that is left. */
    public static final CloseCode GOING_AWAY = new CloseCode(1001);

    /** 1002: the peer broke the protocol. */
    public static final CloseCode PROTOCOL_ERROR = new CloseCode(1002);

    /** 1003: a kind of data that this endpoint cannot accept. */
    public static final CloseCode UNSUPPORTED_DATA = new CloseCode(1003);

    /** 1005: reported, never sent: the peer's Close frame had no code (§7.1.5). */
    public static final CloseCode NO_STATUS_RECEIVED = new CloseCode(1005);

    /** 1006: reported, never sent: the connection was lost without a Close frame (§7.1.5). */
    public static final CloseCode ABNORMAL_CLOSURE = new CloseCode(1006);

    /** 1007: data that does not fit its type, such as text that is not UTF-8. */
    public static final CloseCode INVALID_PAYLOAD = new CloseCode(1007);

    /** 1008: a policy is violated. */
    public static final CloseCode POLICY_VIOLATION = new CloseCode(1008);

    /** 1009: a message is too big to process. */
    public static final CloseCode MESSAGE_TOO_BIG = new CloseCode(1009);

    /** 1010: the server did not negotiate an extension that the client needs. */
    public static final CloseCode MANDATORY_EXTENSION = new CloseCode(1010);

    /** 1011: an unexpected condition on this side. */
    public static final CloseCode INTERNAL_ERROR = new CloseCode(1011);

    /** 1012: the service restarts. */
    public static final CloseCode SERVICE_RESTART = new CloseCode(1012);

    /** 1013: try again later. */
    public static final CloseCode TRY_AGAIN_LATER = new CloseCode(1013);

    /** 1014: a gateway got an invalid response from upstream. */
    public static final CloseCode BAD_GATEWAY = new CloseCode(1014);

    /** 1015: reported, never sent: the TLS handshake failed. */
    public static final CloseCode TLS_HANDSHAKE = new CloseCode(1015);

    /**
     * Names a number as a close code.
     *
     * @throws IllegalArgumentException if {@code value} is not from 0 to 65535
     */
    public CloseCode {
        if (value < 0 || value > 0xFFFF) {
            throw new IllegalArgumentException("close code " + value + " is not from 0 to 65535");
        }
    }

    /**
     * {@return whether this code may stand in a Close frame, sent
     * or received: 1000-1003, 1007-1014 and 3000-4999 (§7.4)}
     */
    public boolean maySend() {
        return (value >= 1000 && value <= 1003) || (value >= 1007 && value <= 1014) || (value >= 3000 && value <= 4999);
    }

    /**
     * {@return whether a peer that closes with this code says that nothing went wrong: 1000, 1001 or no code at all}
     */
    public boolean isClean() {
        return value == 1000 || value == 1001 || value == 1005;
    }

    private String label() {
        return switch (value) {
            case 1000 -> "normal";
            case 1001 -> "going away";
            case 1002 -> "protocol error";
            case 1003 -> "unsupported data";
            case 1005 -> "no status received";
            case 1006 -> "abnormal closure";
            case 1007 -> "invalid payload";
            case 1008 -> "policy violation";
            case 1009 -> "message too big";
            case 1010 -> "mandatory extension";
            case 1011 -> "internal error";
            case 1012 -> "service restart";
            case 1013 -> "try again later";
            case 1014 -> "bad gateway";
            case 1015 -> "TLS handshake";
            default -> "";
        };
    }

    /** {@return the number and, where it is registered, its name: {@code 1002 (protocol error)}} */
    @Override
    public String toString() {
        String label = label();
        return label.isEmpty() ? Integer.toString(value) : value + " (" + label + ")";
    }
}
