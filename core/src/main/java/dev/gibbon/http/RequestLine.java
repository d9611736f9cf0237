// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.Headers;
import java.util.HexFormat;

/** Reads {@code method SP target SP version CR LF} (RFC 9112 §3). One empty line may come before it (§2.2). */
final class RequestLine implements StartLine<RequestHead> {
    /** What the next byte belongs to. */
    private enum State {
        START,
        EMPTY_LINE_LF,
        METHOD,
        TARGET,
        VERSION,
        LF
    }

    private final int maxBytes;
    private final TextBuffer text;
    private final HttpVersion httpVersion = new HttpVersion();
    private State state = State.START;
    private boolean emptyLineSeen;
    private int lineBytes;
    private String method = "";
    private String target = "";
    private String version = "";

    RequestLine(int maxBytes, TextBuffer text) {
        this.maxBytes = maxBytes;
        this.text = text;
    }

    @Override
    public boolean accept(int b) throws HttpHeadException {
        switch (state) {
            case START -> start(b);
            case EMPTY_LINE_LF -> {
                require(b == '\n', b, "after CR");
                state = State.START;
            }
            case METHOD -> method(b);
            case TARGET -> target(b);
            case VERSION -> version(b);
            case LF -> {
                require(b == '\n', b, "after CR");
                return true;
            }
        }
        return false;
    }

    @Override
    public RequestHead head(Headers headers) {
        return new RequestHead(method, target, version, headers);
    }

    private void start(int b) throws HttpHeadException {
        if (b == '\r' && !emptyLineSeen) {
            emptyLineSeen = true;
            state = State.EMPTY_LINE_LF;
            return;
        }
        state = State.METHOD;
        method(b);
    }

    private void method(int b) throws HttpHeadException {
        count();
        if (b == ' ' && !text.isEmpty()) {
            method = text.take();
            state = State.TARGET;
            return;
        }
        require(HttpSyntax.isTokenChar(b), b, "in the method");
        text.add(b);
    }

    private void target(int b) throws HttpHeadException {
        count();
        if (b == ' ' && !text.isEmpty()) {
            target = text.take();
            state = State.VERSION;
            return;
        }
        require(HttpSyntax.isVisible(b), b, "in the request target");
        text.add(b);
    }

    private void version(int b) throws HttpHeadException {
        if (b == '\r' && httpVersion.isComplete()) {
            version = httpVersion.supported();
            state = State.LF;
            return;
        }
        count();
        httpVersion.accept(b);
    }

    private void count() throws HttpHeadException {
        if (++lineBytes > maxBytes) {
            throw new HttpHeadException(414, "request line > " + maxBytes + " bytes");
        }
    }

    private static void require(boolean legal, int b, String where) throws HttpHeadException {
        if (!legal) {
            throw new HttpHeadException(
                    400, "byte 0x" + HexFormat.of().toHexDigits((byte) b) + " " + where + " (RFC 9112 §3)");
        }
    }
}
