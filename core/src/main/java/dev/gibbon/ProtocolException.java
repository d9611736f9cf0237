// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import java.util.Objects;

/**
 * The peer sent what RFC 6455 forbids. The connection has failed (§7.1.7): a Close frame with {@link #closeCode()} was
 * sent if it still could be, and every later call reports this again.
 */
public final class ProtocolException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    /** The code of the Close frame that reports this to the peer. */
    private final transient CloseCode closeCode;

    /**
     * Describes a breach of the protocol.
     *
     * @param closeCode the code of the Close frame that reports it to the peer (§7.4.1)
     * @param message the value, the limit and the section, without any of the peer's text
     */
    public ProtocolException(CloseCode closeCode, String message) {
        super(message, null);
        this.closeCode = Objects.requireNonNull(closeCode, "closeCode");
    }

    /** {@return the code of the Close frame that reports this to the peer (§7.4.1)} */
    public CloseCode closeCode() {
        return closeCode;
    }
}
