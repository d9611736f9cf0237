// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.testkit;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;

/**
 * The head of an HTTP/1.1 request or response, as it stood on the wire.
 *
 * @param startLine the request line or the status line
 * @param fields the header lines, in order, such as {@code Upgrade: websocket}
 */
public record HttpHead(String startLine, List<String> fields) {
    /** The key of the example in RFC 6455 §1.3, which {@link #upgradeRequest} sends. */
    public static final String SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";

    private static final String ACCEPT_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // §1.3

    /** Copies the lines. */
    public HttpHead {
        fields = List.copyOf(fields);
    }

    /**
     * Reads a head that ends with an empty line.
     *
     * @throws AssertionError if a line does not end with CR LF or a header line has no colon
     */
    static HttpHead parse(String head) {
        List<String> lines = new ArrayList<>();
        int from = 0;
        for (int end = head.indexOf("\r\n"); end > from; end = head.indexOf("\r\n", from)) {
            lines.add(head.substring(from, end));
            from = end + 2;
        }
        if (lines.isEmpty()) {
            throw new AssertionError("not an HTTP head: " + Show.quoted(head));
        }
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (line.indexOf('\n') >= 0 || line.indexOf('\r') >= 0 || (i > 0 && line.indexOf(':') <= 0)) {
                throw new AssertionError("not a line of an HTTP head: " + Show.quoted(line));
            }
        }
        return new HttpHead(lines.getFirst(), lines.subList(1, lines.size()));
    }

    /**
     * Reads the status of a response.
     *
     * @return the number, such as 101
     * @throws AssertionError if the first line is no status line
     */
    public int status() {
        if (!startLine.matches("HTTP/1\\.1 [0-9]{3} [^\\r\\n]*")) {
            throw new AssertionError("not a status line: " + Show.quoted(startLine));
        }
        return Integer.parseInt(startLine.substring(9, 12));
    }

    /**
     * Finds the values of a header, one for each line that has it.
     *
     * @param name the name, in any case
     * @return the values without the blanks around them, in order
     */
    public List<String> headers(String name) {
        return fields.stream()
                .filter(line -> line.substring(0, line.indexOf(':')).equalsIgnoreCase(name))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .toList();
    }

    /**
     * Finds the only value of a header.
     *
     * @param name the name, in any case
     * @return the value, empty if no line has the name
     * @throws AssertionError if more than one line has it
     */
    public Optional<String> header(String name) {
        List<String> values = headers(name);
        if (values.size() > 1) {
            throw new AssertionError(values.size() + " lines with header " + name + ":\n" + this);
        }
        return values.stream().findFirst();
    }

    /**
     * Writes a valid upgrade request (§4.1), for a test to send or to spoil first.
     *
     * @param authority the value of the Host header, such as {@code localhost:8080}
     * @param target the request target, such as {@code /echo}
     * @param moreFields further header lines, such as {@code Sec-WebSocket-Protocol: chat}
     * @return the head with the empty line behind it
     */
    public static String upgradeRequest(String authority, String target, String... moreFields) {
        List<String> fields = new ArrayList<>(List.of(
                "Host: " + authority,
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Key: " + SAMPLE_KEY,
                "Sec-WebSocket-Version: 13"));
        fields.addAll(List.of(moreFields));
        return new HttpHead("GET " + target + " HTTP/1.1", fields).encode();
    }

    /**
     * Writes the response that accepts this upgrade request (§4.2.2).
     *
     * @param moreFields further header lines
     * @return the head with the empty line behind it
     * @throws AssertionError if this request has no key, or two
     */
    public String acceptingResponse(String... moreFields) {
        String key =
                header("Sec-WebSocket-Key").orElseThrow(() -> new AssertionError("no Sec-WebSocket-Key:\n" + this));
        List<String> accepting = new ArrayList<>(
                List.of("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + acceptKey(key)));
        accepting.addAll(List.of(moreFields));
        return new HttpHead("HTTP/1.1 101 Switching Protocols", accepting).encode();
    }

    /**
     * Computes what a server answers to a key (§4.2.2).
     *
     * @param key the value of Sec-WebSocket-Key
     * @return the value of Sec-WebSocket-Accept
     */
    public static String acceptKey(String key) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-1")
                    .digest((key + ACCEPT_GUID).getBytes(StandardCharsets.ISO_8859_1));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-1", e);
        }
    }

    /** {@return the head as it goes over the wire, with the empty line behind it} */
    public String encode() {
        StringBuilder head = new StringBuilder(startLine).append("\r\n");
        fields.forEach(line -> head.append(line).append("\r\n"));
        return head.append("\r\n").toString();
    }

    /** {@return the lines, bounded and escaped} */
    @Override
    public String toString() {
        StringBuilder lines = new StringBuilder(Show.quoted(startLine));
        fields.forEach(line -> lines.append("\n  ").append(Show.quoted(line)));
        return lines.toString();
    }
}
