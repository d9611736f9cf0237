// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.protocol;

import dev.gibbon.CloseCode;
import dev.gibbon.CloseStatus;
import dev.gibbon.ProtocolException;
import dev.gibbon.frame.FrameHeader;
import dev.gibbon.frame.Utf8Validator;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The body of a Close frame (§5.5.1): nothing, or a two-byte code and a UTF-8 reason. */
public final class ClosePayload {
    /** The longest close reason, in bytes of UTF-8. */
    public static final int MAX_REASON_BYTES = FrameHeader.MAX_CONTROL_PAYLOAD - 2;

    private ClosePayload() {}

    /**
     * Reads a received body.
     *
     * @throws ProtocolException 1002 if the body is one byte long or its code
     *     may not be sent (§7.4), 1007 if the reason is not UTF-8 (§8.1)
     */
    public static CloseStatus decode(byte[] body) throws ProtocolException {
        if (body.length == 0) {
            return CloseStatus.EMPTY;
        }
        if (body.length == 1) {
            throw new ProtocolException(CloseCode.PROTOCOL_ERROR, "close body of 1 byte, a code takes 2 (§5.5.1)");
        }
        ByteBuffer buffer = ByteBuffer.wrap(body);
        CloseCode code = new CloseCode(Short.toUnsignedInt(buffer.getShort()));
        if (!code.maySend()) {
            throw new ProtocolException(
                    CloseCode.PROTOCOL_ERROR, "close code " + code.value() + " may not be sent (§7.4)");
        }
        Utf8Validator utf8 = new Utf8Validator();
        if (!utf8.accept(buffer, 2, body.length) || !utf8.complete()) {
            throw new ProtocolException(CloseCode.INVALID_PAYLOAD, "close reason is not UTF-8 (§5.5.1, §8.1)");
        }
        return new CloseStatus(code, new String(body, 2, body.length - 2, StandardCharsets.UTF_8));
    }

    /**
     * Writes a body to send.
     *
     * @throws IllegalArgumentException if the code may not be sent (§7.4), the reason takes more than 123 bytes (§5.5)
     *     or has a lone surrogate, or there is a reason but no code
     */
    public static byte[] encode(CloseStatus status) {
        CloseCode code = status.code();
        if (code.equals(CloseCode.NO_STATUS_RECEIVED)) {
            if (!status.reason().isEmpty()) {
                throw new IllegalArgumentException("a close reason needs a close code (§5.5.1)");
            }
            return new byte[0];
        }
        if (!code.maySend()) {
            throw new IllegalArgumentException("close code " + code + " may not be sent (§7.4)");
        }
        if (Utf8Validator.invalidSurrogateIndex(status.reason()) >= 0) {
            throw new IllegalArgumentException("the close reason has a lone surrogate, it is not text (§8.1)");
        }
        byte[] reason = status.reason().getBytes(StandardCharsets.UTF_8);
        if (reason.length > MAX_REASON_BYTES) {
            throw new IllegalArgumentException(
                    "close reason of " + reason.length + " bytes > " + MAX_REASON_BYTES + " (§5.5)");
        }
        return ByteBuffer.allocate(2 + reason.length)
                .putShort((short) code.value())
                .put(reason)
                .array();
    }
}
