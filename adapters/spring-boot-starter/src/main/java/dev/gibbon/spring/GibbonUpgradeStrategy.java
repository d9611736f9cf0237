// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.servlet.GibbonServlets;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.security.Principal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.http.server.ServerHttpResponse;
import org.springframework.http.server.ServletServerHttpRequest;
import org.springframework.http.server.ServletServerHttpResponse;
import org.springframework.web.socket.WebSocketExtension;
import org.springframework.web.socket.WebSocketHandler;
import org.springframework.web.socket.server.HandshakeFailureException;
import org.springframework.web.socket.server.RequestUpgradeStrategy;

/**
 * How Spring's {@link WebSocketHandler}s and STOMP run on Gibbon. Endpoints get it without being told; one with a
 * handshake handler of its own takes it by {@code new DefaultHandshakeHandler(strategy)}. Each session has a virtual
 * thread, on which its handler is called, and any thread may send. For any thread.
 */
public final class GibbonUpgradeStrategy implements RequestUpgradeStrategy {
    private final WebSocketHost host;
    private final Upgrader upgrader;

    private final long maxMessageBytes;

    /** With an upgrader that leaves origin and subprotocol to Spring, and the longest message that it lets in. */
    GibbonUpgradeStrategy(WebSocketHost host, Upgrader upgrader, long maxMessageBytes) {
        this.host = host;
        this.upgrader = upgrader;
        this.maxMessageBytes = maxMessageBytes;
    }

    @Override
    public String[] getSupportedVersions() {
        return new String[] {"13"};
    }

    /** {@return none: what is agreed on about compression is Gibbon's to say} */
    @Override
    public List<WebSocketExtension> getSupportedExtensions(ServerHttpRequest request) {
        return List.of();
    }

    @Override
    public void upgrade(
            ServerHttpRequest request,
            ServerHttpResponse response,
            @Nullable String selectedProtocol,
            List<WebSocketExtension> selectedExtensions,
            @Nullable Principal user,
            WebSocketHandler handler,
            Map<String, Object> attributes) {
        Upgrader chosen =
                selectedProtocol == null ? upgrader.withoutSubprotocol() : upgrader.withSubprotocol(selectedProtocol);
        GibbonSession session = new GibbonSession(request, user, attributes, maxMessageBytes);
        try {
            HttpServletResponse answer = ((ServletServerHttpResponse) response).getServletResponse();
            // Spring would add what interceptors have put there when the answer has left.
            response.getHeaders().forEach((name, values) -> values.forEach(value -> answer.addHeader(name, value)));
            HttpServletRequest asked = ((ServletServerHttpRequest) request).getServletRequest();
            GibbonServlets.of(host, chosen).upgrade(asked, answer, connection -> session.run(connection, handler));
        } catch (IOException e) {
            throw new HandshakeFailureException("the answer could not be sent", e);
        }
    }
}
