// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.Headers;
import java.util.HexFormat;

/**
 * Reads {@code version SP status SP reason CR LF} (RFC 9112 §4). The reason may be missing together with its SP, as
 * some servers and proxies have it.
 */
final class StatusLine implements StartLine<ResponseHead> {
    private static final int STATUS_DIGITS = 3;

    /** What the next byte belongs to. */
    private enum State {
        VERSION,
        STATUS,
        AFTER_STATUS,
        REASON,
        LF
    }

    private final int maxBytes;
    private final TextBuffer text;
    private final HttpVersion httpVersion = new HttpVersion();
    private State state = State.VERSION;
    private int lineBytes;
    private int statusDigits;
    private int status;
    private String version = "";
    private String reason = "";

    StatusLine(int maxBytes, TextBuffer text) {
        this.maxBytes = maxBytes;
        this.text = text;
    }

    @Override
    public boolean accept(int b) throws HttpHeadException {
        if (state == State.LF) {
            require(b == '\n', b, "after CR");
            return true;
        }
        if (b != '\r' && ++lineBytes > maxBytes) {
            throw new HttpHeadException(431, "status line > " + maxBytes + " bytes");
        }
        switch (state) {
            case VERSION -> version(b);
            case STATUS -> status(b);
            case AFTER_STATUS -> {
                require(b == ' ' || b == '\r', b, "after the status");
                state = b == ' ' ? State.REASON : State.LF;
            }
            case REASON -> reason(b);
            case LF -> throw new AssertionError("handled above");
        }
        return false;
    }

    @Override
    public ResponseHead head(Headers headers) {
        return new ResponseHead(version, status, reason, headers);
    }

    private void version(int b) throws HttpHeadException {
        if (b == ' ' && httpVersion.isComplete()) {
            version = httpVersion.supported();
            state = State.STATUS;
            return;
        }
        httpVersion.accept(b);
    }

    private void status(int b) throws HttpHeadException {
        boolean firstDigit = statusDigits == 0;
        require(firstDigit ? b >= '1' && HttpSyntax.isDigit(b) : HttpSyntax.isDigit(b), b, "in the status");
        status = 10 * status + (b - '0');
        if (++statusDigits == STATUS_DIGITS) {
            state = State.AFTER_STATUS;
        }
    }

    private void reason(int b) throws HttpHeadException {
        if (b == '\r') {
            reason = text.take();
            state = State.LF;
            return;
        }
        require(HttpSyntax.isFieldValueChar(b), b, "in the reason phrase");
        text.add(b);
    }

    private static void require(boolean legal, int b, String where) throws HttpHeadException {
        if (!legal) {
            throw new HttpHeadException(
                    400, "byte 0x" + HexFormat.of().toHexDigits((byte) b) + " " + where + " (RFC 9112 §4)");
        }
    }
}
