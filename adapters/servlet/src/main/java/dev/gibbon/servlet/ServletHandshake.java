// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.Headers;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import jakarta.servlet.ServletRequestWrapper;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The opening handshake in terms of servlets, for those who write a {@link ServletContainer}. */
public final class ServletHandshake {
    private ServletHandshake() {}

    /**
     * {@return whether a request asks for a WebSocket: its field Upgrade lists {@code websocket} (RFC 6455 §4.1)} For
     * a path that has a page, too.
     *
     * @param request the request
     */
    public static boolean isUpgrade(HttpServletRequest request) {
        return all(request.getHeaders("Upgrade")).stream()
                .flatMap(value -> List.of(value.split(",", -1)).stream())
                .anyMatch(token -> token.strip().equalsIgnoreCase("websocket"));
    }

    /**
     * {@return the container's own request, behind those that filters and frameworks have wrapped it in}
     *
     * @param request the request as the application has it
     */
    public static HttpServletRequest unwrapped(HttpServletRequest request) {
        HttpServletRequest own = Objects.requireNonNull(request, "request");
        while (own instanceof ServletRequestWrapper wrapper
                && wrapper.getRequest() instanceof HttpServletRequest inner) {
            own = inner;
        }
        return own;
    }

    /**
     * {@return the answer to a request} Nothing of the request is looked at later, when the container may have given it
     * to somebody else.
     *
     * @param host whose connection it becomes
     * @param upgrader checks the handshake
     * @param request the request
     */
    public static UpgradeReply reply(WebSocketHost host, Upgrader upgrader, HttpServletRequest request) {
        UpgradeRequest copy;
        try {
            copy = copy(request);
        } catch (IllegalArgumentException e) {
            return UpgradeReply.Refused.of(
                    400,
                    Headers.of("Content-Type", "text/plain; charset=utf-8", "Connection", "close"),
                    "400 Bad Request\n".getBytes(StandardCharsets.US_ASCII),
                    "malformed field: " + e.getMessage());
        }
        return host.reply(upgrader, copy, Headers.of());
    }

    private static UpgradeRequest copy(HttpServletRequest request) {
        // The container's own idea of it: it may have taken it from the fields of a proxy.
        String authority = UpgradeRequest.authorityOf(
                Objects.requireNonNullElse(request.getServerName(), ""), request.getServerPort(), request.isSecure());
        UpgradeRequest copy = UpgradeRequest.http(
                        request.getMethod(), request.getProtocol(), authority, request.isSecure(), headers(request))
                .at(request.getRequestURI());
        String peer = request.getRemoteAddr();
        UpgradeRequest from = peer == null ? copy : copy.from(peer, Math.max(request.getRemotePort(), 0));
        Principal user = request.getUserPrincipal();
        return user == null || user.getName() == null ? from : from.by(user.getName());
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

    /**
     * Puts the fields of an answer into a response. The container sends them. Whether the client's connection goes on
     * after a refusal is the container's to say: nothing is said of that here.
     *
     * @param reply the answer
     * @param request what it answers
     * @param response of which nothing has been sent
     * @throws IllegalStateException if something has been sent, so that the request cannot be answered any more
     */
    public static void addFields(UpgradeReply reply, HttpServletRequest request, HttpServletResponse response) {
        requireUnsent(response);
        boolean http2 = request.getProtocol().toUpperCase(Locale.ROOT).startsWith("HTTP/2");
        for (Headers.Field field : reply.headers()) {
            if (!field.is("Connection") && !field.is("Upgrade")) {
                response.addHeader(field.name(), field.value());
            } else if (!http2 && field.is("Upgrade")) {
                // HTTP/2 has neither (RFC 9113 §8.2.2), else one names the other (RFC 9110 §7.8).
                response.addHeader(field.name(), field.value());
                response.addHeader("Connection", "Upgrade");
            }
        }
    }

    static void requireUnsent(HttpServletResponse response) {
        if (response.isCommitted()) {
            throw new IllegalStateException(
                    "the response is committed: a request is upgraded once, and before anything is sent");
        }
    }

    /**
     * Sends a refusal.
     *
     * @param refused the answer
     * @param request what it answers
     * @param response of which nothing has been sent
     * @throws IOException if it cannot be sent
     * @throws IllegalStateException if something has been sent before
     */
    public static void refuse(UpgradeReply.Refused refused, HttpServletRequest request, HttpServletResponse response)
            throws IOException {
        response.setStatus(refused.status());
        addFields(refused, request, response);
        byte[] body = refused.body();
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
