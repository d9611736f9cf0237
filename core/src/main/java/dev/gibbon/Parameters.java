// SPDX-License-Identifier: Apache-2.0
package dev.gibbon;

import dev.gibbon.http.HttpSyntax;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The names and values of a query or of a form ({@code application/x-www-form-urlencoded}), decoded: escapes are UTF-8,
 * and a plus is a blank. They are looked up in the text that they came in, so that they never take more room than what
 * the peer has sent. Immutable.
 */
public final class Parameters {
    private static final String FORM = "application/x-www-form-urlencoded";
    private static final String NOT_UTF_8 = "parameters that are not UTF-8";

    private final String text;

    private Parameters(String text) {
        this.text = text;
    }

    /**
     * {@return the parameters that a text has}
     *
     * @param text such as {@code a=1&b=two%20words}, without a question mark
     * @throws RequestException with 400 if a percent sign begins no escape, or the escapes are not UTF-8
     */
    public static Parameters parse(String text) throws RequestException {
        String _ = decode(text);
        return new Parameters(text);
    }

    /** {@return those of a form} */
    static Parameters ofForm(byte[] body) throws RequestException {
        return parse(utf8(ByteBuffer.wrap(body)));
    }

    /** Refuses a body that says it is something else. */
    static void requireForm(Headers headers) throws RequestException {
        String type = headers.first("Content-Type").orElse("");
        int semicolon = type.indexOf(';');
        String mediaType = (semicolon < 0 ? type : type.substring(0, semicolon)).strip();
        if (!HttpSyntax.equalsIgnoreCase(mediaType, FORM)) {
            throw new RequestException(415, "Content-Type " + HttpSyntax.quoted(type) + " is not that of a form");
        }
    }

    /**
     * {@return the first value of that name, if there is one; empty text where a name has no equals sign behind it}
     *
     * @param name the name in plain text, case included
     */
    public Optional<String> first(String name) {
        return find(name, 1).stream().findFirst();
    }

    /**
     * {@return all values of that name, in order}
     *
     * @param name the name in plain text, case included
     */
    public List<String> all(String name) {
        return List.copyOf(find(name, Integer.MAX_VALUE));
    }

    /**
     * {@return whether there is a parameter of that name}
     *
     * @param name the name in plain text, case included
     */
    public boolean contains(String name) {
        return first(name).isPresent();
    }

    private List<String> find(String name, int most) {
        List<String> values = new ArrayList<>();
        int end;
        for (int at = 0; at < text.length() && values.size() < most; at = end + 1) {
            int ampersand = text.indexOf('&', at);
            end = ampersand < 0 ? text.length() : ampersand;
            int equals = text.indexOf('=', at, end);
            int nameEnd = equals < 0 ? end : equals;
            if (end > at && checked(text.substring(at, nameEnd)).equals(name)) {
                values.add(equals < 0 ? "" : checked(text.substring(equals + 1, end)));
            }
        }
        return values;
    }

    private static String checked(String part) {
        try {
            return decode(part);
        } catch (RequestException e) { // The whole was checked, and is cut where no escape is.
            throw new IllegalStateException(e);
        }
    }

    private static String decode(String part) throws RequestException {
        if (part.indexOf('%') < 0 && part.indexOf('+') < 0) {
            return part;
        }
        byte[] bytes = part.getBytes(StandardCharsets.UTF_8);
        int length = 0;
        for (int i = 0; i < bytes.length; i++) {
            byte b = bytes[i];
            if (b == '%') {
                requireEscape(bytes, i);
                b = (byte) (HexFormat.fromHexDigit(bytes[i + 1]) << 4 | HexFormat.fromHexDigit(bytes[i + 2]));
                i += 2;
            } else if (b == '+') {
                b = ' ';
            }
            bytes[length++] = b;
        }
        return utf8(ByteBuffer.wrap(bytes, 0, length));
    }

    private static String utf8(ByteBuffer bytes) throws RequestException {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException _) {
            throw new RequestException(400, NOT_UTF_8);
        }
    }

    private static void requireEscape(byte[] bytes, int at) throws RequestException {
        boolean whole =
                at + 2 < bytes.length && HttpSyntax.isHexDigit(bytes[at + 1]) && HttpSyntax.isHexDigit(bytes[at + 2]);
        if (!whole) {
            throw new RequestException(400, "a percent sign that begins no escape in parameters (RFC 3986 §2.1)");
        }
    }

    /** {@return nothing of them: values may be credentials} */
    @Override
    public String toString() {
        return "Parameters[" + text.length() + " characters]";
    }
}
