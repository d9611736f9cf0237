// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.spring;

import dev.gibbon.CloseCode;
import dev.gibbon.Connection;
import dev.gibbon.ConnectionState;
import dev.gibbon.ControlListener;
import dev.gibbon.Message;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.security.Principal;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.ServerHttpRequest;
import org.springframework.web.socket.BinaryMessage;
import org.springframework.web.socket.CloseStatus;
import org.springframework.web.socket.PingMessage;
import org.springframework.web.socket.PongMessage;
import org.springframework.web.socket.TextMessage;
import org.springframework.web.socket.WebSocketExtension;
import org.springframework.web.socket.WebSocketHandler;
import org.springframework.web.socket.adapter.AbstractWebSocketSession;

/** A connection in the terms of Spring. Any thread sends and closes; one reads and calls the handler. */
final class GibbonSession extends AbstractWebSocketSession<Connection> {
    private final String id = idGenerator.generateId().toString();
    private final @Nullable URI uri;
    private final HttpHeaders headers;
    private final @Nullable Principal user;

    /** The longest text and the longest binary message that Spring wants, in bytes. */
    private volatile int textLimit;

    private volatile int binaryLimit;

    /** Copies what the request has, which is gone when the connection opens. */
    GibbonSession(
            ServerHttpRequest request, @Nullable Principal user, Map<String, Object> attributes, long maxMessageBytes) {
        super(attributes);
        textLimit = (int) Math.min(maxMessageBytes, Integer.MAX_VALUE);
        binaryLimit = textLimit;
        uri = request.getURI();
        headers = HttpHeaders.readOnlyHttpHeaders(HttpHeaders.copyOf(request.getHeaders()));
        this.user = user;
    }

    // ---- The connection's own thread

    /** Reads the connection to its end for a handler. */
    void run(Connection connection, WebSocketHandler handler) throws Exception {
        initializeNativeSession(connection);
        connection.setControlListener(new Pongs(handler));
        Throwable thrown = null;
        try {
            handler.afterConnectionEstablished(this);
            for (Message message = connection.readMessage(); message != null; message = connection.readMessage()) {
                handler.handleMessage(this, received(message));
            }
        } catch (IOException e) {
            handler.handleTransportError(this, e);
        } catch (Exception | Error e) {
            thrown = e;
            throw e;
        } finally {
            handler.afterConnectionClosed(this, thrown == null ? status() : CloseStatus.SERVER_ERROR);
        }
    }

    private static org.springframework.web.socket.WebSocketMessage<?> received(Message message) {
        return switch (message.type()) {
            case TEXT -> new TextMessage(message.text());
            case BINARY -> new BinaryMessage(message.bytes());
        };
    }

    private CloseStatus status() {
        return getNativeSession()
                .closeStatus()
                .map(end -> new CloseStatus(end.code().value(), end.reason().isEmpty() ? null : end.reason()))
                .orElse(CloseStatus.NO_CLOSE_FRAME);
    }

    /** Tells a handler of Pongs, as Spring does; on the connection's event loop. */
    private final class Pongs implements ControlListener {
        private final WebSocketHandler handler;

        Pongs(WebSocketHandler handler) {
            this.handler = handler;
        }

        @Override
        public void onPong(Connection connection, ByteBuffer data) throws IOException {
            try {
                handler.handleMessage(GibbonSession.this, new PongMessage(data));
            } catch (IOException | RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException("a handler refused a Pong", e);
            }
        }
    }

    // ---- Any thread

    @Override
    protected void sendTextMessage(TextMessage message) throws IOException {
        getNativeSession().writeText(message.getPayload());
    }

    @Override
    protected void sendBinaryMessage(BinaryMessage message) throws IOException {
        getNativeSession().writeBinary(message.getPayload().duplicate());
    }

    @Override
    protected void sendPingMessage(PingMessage message) throws IOException {
        getNativeSession().ping(message.getPayload().duplicate());
    }

    @Override
    protected void sendPongMessage(PongMessage message) throws IOException {
        getNativeSession().pong(message.getPayload().duplicate());
    }

    @Override
    protected void closeInternal(CloseStatus status) {
        getNativeSession().close(new CloseCode(status.getCode()), status.getReason() == null ? "" : status.getReason());
    }

    @Override
    public String getId() {
        return id;
    }

    @Override
    public @Nullable URI getUri() {
        return uri;
    }

    @Override
    public HttpHeaders getHandshakeHeaders() {
        return headers;
    }

    @Override
    public @Nullable Principal getPrincipal() {
        return user;
    }

    @Override
    public @Nullable InetSocketAddress getLocalAddress() {
        return address(getNativeSession().localAddress());
    }

    @Override
    public @Nullable InetSocketAddress getRemoteAddress() {
        return address(getNativeSession().peerAddress());
    }

    private static @Nullable InetSocketAddress address(Optional<java.net.SocketAddress> address) {
        return address.filter(InetSocketAddress.class::isInstance)
                .map(InetSocketAddress.class::cast)
                .orElse(null);
    }

    @Override
    public @Nullable String getAcceptedProtocol() {
        return getNativeSession().subprotocol().orElse(null);
    }

    /** Bounds both kinds of messages: a connection has one limit. */
    @Override
    public void setTextMessageSizeLimit(int bytes) {
        textLimit = bytes;
        bound();
    }

    @Override
    public int getTextMessageSizeLimit() {
        return textLimit;
    }

    @Override
    public void setBinaryMessageSizeLimit(int bytes) {
        binaryLimit = bytes;
        bound();
    }

    @Override
    public int getBinaryMessageSizeLimit() {
        return binaryLimit;
    }

    private void bound() {
        getNativeSession().setMaxMessageBytes(Math.max(textLimit, binaryLimit));
    }

    @Override
    public List<WebSocketExtension> getExtensions() {
        return getNativeSession().extensions().stream()
                .map(WebSocketExtension::parseExtensions)
                .flatMap(List::stream)
                .toList();
    }

    @Override
    public boolean isOpen() {
        return getNativeSession().state() == ConnectionState.OPEN;
    }
}
