// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.Headers;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.Collections;
import java.util.Objects;

/** The opening handshake of HTTP/1.1 in terms of servlets, for those who write a {@link ServletContainer}. */
public final class ServletHandshake {
    private ServletHandshake() {}

    /**
     * {@return what the handshake looks at of a request} Nothing of the request is looked at later, when the container
     * may have given it to somebody else.
     *
     * @param request of HTTP/1.1
     * @throws IllegalArgumentException if a field is malformed that the container has let in
     */
    public static UpgradeRequest of(HttpServletRequest request) {
        Headers.Builder fields = Headers.builder();
        for (String name : Collections.list(request.getHeaderNames())) {
            for (String value : Collections.list(request.getHeaders(name))) {
                fields.add(name, value);
            }
        }
        UpgradeRequest asked = UpgradeRequest.http(
                        request.getMethod(),
                        request.getProtocol(),
                        authority(request),
                        request.isSecure(),
                        fields.build())
                .at(request.getRequestURI());
        String peer = request.getRemoteAddr();
        return peer == null || peer.isEmpty() ? asked : asked.from(address(peer, request.getRemotePort()));
    }

    /** {@return an address that the container gives as text; nothing is looked up} */
    private static SocketAddress address(String host, int port) {
        try {
            return new InetSocketAddress(InetAddress.ofLiteral(host), port);
        } catch (IllegalArgumentException _) { // Not of IP, such as that of a Unix-domain socket.
            return InetSocketAddress.createUnresolved(host, Math.max(port, 0));
        }
    }

    /** {@return the container's own idea of the host: it may have taken it from the fields of a proxy} */
    private static String authority(HttpServletRequest request) {
        String named = request.getHeader("Host");
        if (named == null) {
            return "";
        }
        String server = Objects.requireNonNullElse(request.getServerName(), "");
        String host = server.indexOf(':') >= 0 && !server.startsWith("[") ? "[" + server + "]" : server;
        boolean isDefault = request.getServerPort() == (request.isSecure() ? 443 : 80);
        return isDefault ? host : host + ":" + request.getServerPort();
    }

    /**
     * Puts a reply's status and fields into a response, and the body of a refusal. The container frames the body.
     *
     * @param reply to an {@linkplain #of opening handshake}
     * @param response of which nothing has been sent
     * @throws IOException if the body cannot be sent
     */
    public static void answer(UpgradeReply reply, HttpServletResponse response) throws IOException {
        response.setStatus(reply.status());
        for (Headers.Field field : reply.headers()) {
            response.addHeader(field.name(), field.value());
        }
        byte[] body = reply.body();
        if (body.length > 0) {
            response.setContentLength(body.length);
            response.getOutputStream().write(body);
        }
    }
}
