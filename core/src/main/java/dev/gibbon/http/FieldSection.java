// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import dev.gibbon.Headers;
import java.util.HexFormat;

/**
 * Reads field lines up to and with the empty line behind them (RFC 9112 §5). Blanks before the colon and lone CR or LF
 * are what request smuggling is made of, so they are errors. So are folded lines in a request; in a reply the fold
 * becomes a blank (§5.2), since old servers and proxies send it and nobody reads a reply after us.
 */
final class FieldSection {
    /** What the next byte belongs to. */
    private enum State {
        LINE_START,
        NAME,
        BEFORE_VALUE,
        VALUE,
        LINE_LF,
        LAST_LF
    }

    private final int maxLineBytes;
    private final int maxFields;
    private final boolean unfolds;
    private final Headers.Builder headers = Headers.builder();
    private final TextBuffer text;
    private State state = State.LINE_START;
    private int fields;
    private int lineBytes;
    private int valueLength; // up to its last byte that is no blank
    private String name = "";

    /**
     * Reads fields within limits.
     *
     * @param maxLineBytes bytes of one field line, its folds counted together
     * @param maxFields number of fields
     * @param unfolds whether a line that begins with a blank continues the field before it
     * @param text empty, and of no use to anybody else from the first byte on
     */
    FieldSection(int maxLineBytes, int maxFields, boolean unfolds, TextBuffer text) {
        this.text = text;
        this.maxLineBytes = maxLineBytes;
        this.maxFields = maxFields;
        this.unfolds = unfolds;
    }

    /** {@return whether the section is complete with this byte, 0 to 255} */
    boolean accept(int b) throws HttpHeadException {
        switch (state) {
            case LINE_START -> lineStart(b);
            case NAME -> name(b);
            case BEFORE_VALUE, VALUE -> value(b);
            case LINE_LF -> {
                require(b == '\n', b, "after CR");
                state = State.LINE_START;
            }
            case LAST_LF -> {
                require(b == '\n', b, "after CR");
                return true;
            }
        }
        return false;
    }

    Headers headers() {
        return headers.build();
    }

    private void lineStart(int b) throws HttpHeadException {
        if (unfolds && fields > 0 && HttpSyntax.isOws(b)) {
            unfold();
            return;
        }
        endField();
        if (b == '\r') {
            state = State.LAST_LF;
            return;
        }
        if (++fields > maxFields) {
            throw new HttpHeadException(431, "more than " + maxFields + " header fields");
        }
        lineBytes = 0;
        state = State.NAME;
        name(b);
    }

    /** What follows belongs to the field before: one blank between the two parts of its value, if there are two. */
    private void unfold() throws HttpHeadException {
        count();
        text.cut(valueLength);
        if (valueLength > 0) {
            text.add(' ');
        }
        state = State.BEFORE_VALUE;
    }

    private void endField() {
        if (fields > 0) {
            headers.add(name, text.take(valueLength));
        }
    }

    private void name(int b) throws HttpHeadException {
        count();
        if (b == ':' && !text.isEmpty()) {
            name = text.take();
            valueLength = 0;
            state = State.BEFORE_VALUE;
            return;
        }
        require(HttpSyntax.isTokenChar(b), b, "in a field name");
        text.add(b);
    }

    private void value(int b) throws HttpHeadException {
        if (b == '\r') {
            state = State.LINE_LF; // The field ends here unless the next line continues it.
            return;
        }
        count();
        require(HttpSyntax.isFieldValueChar(b), b, "in a field value");
        if (!HttpSyntax.isOws(b)) {
            state = State.VALUE;
            text.add(b);
            valueLength = text.length();
        } else if (state == State.VALUE) {
            text.add(b);
        }
    }

    private void count() throws HttpHeadException {
        if (++lineBytes > maxLineBytes) {
            throw new HttpHeadException(431, "header field line > " + maxLineBytes + " bytes");
        }
    }

    private static void require(boolean legal, int b, String where) throws HttpHeadException {
        if (!legal) {
            throw new HttpHeadException(
                    400, "byte 0x" + HexFormat.of().toHexDigits((byte) b) + " " + where + " (RFC 9112 §5)");
        }
    }
}
