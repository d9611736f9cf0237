// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.tomcat;

import dev.gibbon.Headers;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import jakarta.servlet.http.HttpServletRequest;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the opening handshake looks at of a servlet's request, which Tomcat uses again for the next one. */
final class Requests {
    private Requests() {}

    static boolean isUpgrade(HttpServletRequest request) {
        return all(request.getHeaders("Upgrade")).stream()
                .flatMap(value -> List.of(value.split(",", -1)).stream())
                .anyMatch(token -> token.strip().equalsIgnoreCase("websocket"));
    }

    static boolean isHttp2(HttpServletRequest request) {
        return request.getProtocol().toUpperCase(Locale.ROOT).startsWith("HTTP/2");
    }

    /**
     * {@return a copy}
     *
     * @throws IllegalArgumentException if a field is malformed
     */
    static UpgradeRequest copy(HttpServletRequest request) {
        UpgradeRequest copy = UpgradeRequest.http(
                        request.getMethod(),
                        request.getProtocol(),
                        authority(request),
                        request.isSecure(),
                        headers(request))
                .at(request.getRequestURI());
        String peer = request.getRemoteAddr();
        return peer == null ? copy : copy.from(peer, Math.max(request.getRemotePort(), 0));
    }

    /** {@return the server's own idea of it: a valve or a filter may have taken it from Forwarded} */
    private static String authority(HttpServletRequest request) {
        String name = request.getServerName();
        return name == null ? "" : UpgradeRequest.authorityOf(name, request.getServerPort(), request.isSecure());
    }

    private static Headers headers(HttpServletRequest request) {
        Headers.Builder headers = Headers.builder();
        for (String name : all(request.getHeaderNames())) {
            for (String value : all(request.getHeaders(name))) {
                headers.add(name, value);
            }
        }
        return headers.build();
    }

    /** The servlet API lets a container hide fields, and give null in their place. */
    private static List<String> all(@Nullable Enumeration<String> values) {
        return values == null ? List.of() : Collections.list(values);
    }

    static UpgradeReply.Refused malformed(IllegalArgumentException why) {
        return UpgradeReply.Refused.of(
                400,
                Headers.of("Content-Type", "text/plain; charset=utf-8", "Connection", "close"),
                "400 Bad Request\n".getBytes(StandardCharsets.US_ASCII),
                "malformed field: " + why.getMessage());
    }
}
