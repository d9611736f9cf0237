// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.servlet;

import dev.gibbon.Headers;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Collections;

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
        return peer == null || peer.isEmpty() ? asked : asked.from(peer, Math.max(request.getRemotePort(), 0));
    }

    /** {@return the container's own idea of the host: it may have taken it from the fields of a proxy} */
    private static String authority(HttpServletRequest request) {
        String server = request.getServerName();
        return server == null || request.getHeader("Host") == null
                ? ""
                : UpgradeRequest.authorityOf(server, request.getServerPort(), request.isSecure());
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
