// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.http;

import java.util.HexFormat;

/** Reads {@code HTTP/1.0} or {@code HTTP/1.1} byte by byte (RFC 9112 §2.3), so that anything else fails at once. */
final class HttpVersion {
    static final String HTTP_1_0 = "HTTP/1.0";
    static final String HTTP_1_1 = "HTTP/1.1";

    /** What stands where: {@code D} is a digit. */
    private static final String SHAPE = "HTTP/D.D";

    private int read;
    private int major;
    private int minor;

    static void require(String version) {
        if (!version.equals(HTTP_1_0) && !version.equals(HTTP_1_1)) {
            throw new IllegalArgumentException(
                    "version " + HttpSyntax.quoted(version) + ", neither HTTP/1.0 nor HTTP/1.1");
        }
    }

    void accept(int b) throws HttpHeadException {
        char expected = isComplete() ? 0 : SHAPE.charAt(read);
        boolean fits = expected == 'D' ? HttpSyntax.isDigit(b) : expected != 0 && b == expected;
        if (!fits) {
            throw new HttpHeadException(
                    400, "byte 0x" + HexFormat.of().toHexDigits((byte) b) + " in the HTTP version (RFC 9112 §2.3)");
        }
        if (expected == 'D') {
            major = minor;
            minor = b - '0';
        }
        read++;
    }

    boolean isComplete() {
        return read == SHAPE.length();
    }

    /** {@return the version, once complete} */
    String supported() throws HttpHeadException {
        if (major == 1 && minor <= 1) {
            return minor == 0 ? HTTP_1_0 : HTTP_1_1;
        }
        throw new HttpHeadException(505, "HTTP/" + major + "." + minor + " is neither HTTP/1.0 nor HTTP/1.1");
    }
}
