// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

/**
 * The peer's frame or message is longer than this side accepts. The connection has failed with close code 1009 (RFC
 * 6455 §7.4.1, §10.4), and every later call reports this again.
 */
public final class MessageTooBigException extends WebSocketException {
    private static final long serialVersionUID = 1L;

    /** The bound that was crossed, in bytes. */
    private final long limit;

    /**
     * Describes a frame or message over its limit.
     *
     * @param message the value and the limit
     * @param limit the bound that was crossed, in bytes
     */
    public MessageTooBigException(String message, long limit) {
        super(message, null);
        this.limit = limit;
    }

    /** {@return the bound that was crossed, in bytes} */
    public long limit() {
        return limit;
    }

    /** {@return 1009} */
    public CloseCode closeCode() {
        return CloseCode.MESSAGE_TOO_BIG;
    }
}
