// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.cli;

import dev.gibbon.HandshakeException;
import dev.gibbon.Headers;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The two heads of an opening handshake as lines: what is sent
 * behind {@code >}, what is received, escaped, behind {@code <}.
 */
final class Heads {
    /** What is shown of the body of a refusal. */
    private static final int MAX_BODY_BYTES = 2 * 1024;

    private static final int MAX_TITLE_CHARS = 100;
    private static final Pattern TITLE = Pattern.compile("(?is)<title[^>]*>([^<]*)<");

    private static final String IN = "< ";
    private static final String OUT = "> ";

    private Heads() {}

    /**
     * {@return the head of the request} The library makes it and draws the key; this is made of the same parts.
     *
     * @param uri where to
     * @param fields the fields that were added; credentials among them are not shown
     * @param subprotocols what was offered
     * @param deflate whether compression was offered, in the form that the default options have
     */
    static List<String> request(URI uri, Headers fields, List<String> subprotocols, boolean deflate) {
        String path = Optional.ofNullable(uri.getRawPath())
                .filter(raw -> !raw.isEmpty())
                .orElse("/");
        String query = uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery();
        List<String> lines = new ArrayList<>();
        lines.add(OUT + "GET " + Visible.of(path + query) + " HTTP/1.1");
        String authority = Visible.of(String.valueOf(uri.getRawAuthority()));
        lines.add(OUT + "Host: " + fields.first("Host").map(Visible::of).orElse(authority));
        lines.add(OUT + "Upgrade: websocket");
        lines.add(OUT + "Connection: Upgrade");
        lines.add(OUT + "Sec-WebSocket-Key: (drawn for each connection)");
        lines.add(OUT + "Sec-WebSocket-Version: 13");
        if (!subprotocols.isEmpty()) {
            lines.add(OUT + "Sec-WebSocket-Protocol: " + Visible.of(String.join(", ", subprotocols)));
        }
        if (deflate) {
            lines.add(OUT + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits");
        }
        for (Headers.Field field : fields) {
            if (!field.is("Host")) {
                lines.add(OUT + field.name() + ": " + (isSecret(field) ? "(not shown)" : Visible.of(field.value())));
            }
        }
        return lines;
    }

    /** {@return the head of a reply} */
    static List<String> response(int status, Headers fields) {
        List<String> lines = new ArrayList<>();
        lines.add(IN + "HTTP/1.1 " + (status == 101 ? "101 Switching Protocols" : status));
        for (Headers.Field field : fields) {
            lines.add(IN + Visible.of(field.name()) + ": " + Visible.of(field.value()));
        }
        return lines;
    }

    /**
     * {@return the head and the beginning of the body of a refusal; nothing where no reply came}
     *
     * @param refused the refusal
     * @param pages whether to show web pages too, of which there is otherwise the title
     */
    static List<String> refusal(HandshakeException refused, boolean pages) {
        if (refused.status() == 0) {
            return List.of();
        }
        List<String> lines = new ArrayList<>(response(refused.status(), refused.headers()));
        byte[] body = refused.body();
        if (body.length == 0) {
            return lines;
        }
        lines.add(IN.strip());
        if (!pages && isPage(refused.headers())) {
            lines.add(IN + "(a web page" + title(body) + "; -v shows how it begins)");
            return lines;
        }
        int shown = Math.min(body.length, MAX_BODY_BYTES);
        for (String line : Shown.lines(new String(body, 0, shown, StandardCharsets.UTF_8))) {
            lines.add((IN + line).stripTrailing());
        }
        if (shown < body.length) {
            lines.add(IN + "... (" + body.length + " bytes or more)");
        }
        return lines;
    }

    private static boolean isPage(Headers fields) {
        String type = fields.first("Content-Type").orElse("").toLowerCase(Locale.ROOT);
        return type.startsWith("text/html") || type.startsWith("application/xhtml");
    }

    private static String title(byte[] page) {
        Matcher title = TITLE.matcher(new String(page, StandardCharsets.UTF_8));
        return title.find() ? ": " + Visible.of(title.group(1).strip().replaceAll("\\s+", " "), MAX_TITLE_CHARS) : "";
    }

    private static boolean isSecret(Headers.Field field) {
        return switch (field.name().toLowerCase(Locale.ROOT)) {
            case "authorization", "proxy-authorization", "cookie" -> true;
            default -> false;
        };
    }
}
