// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import dev.gibbon.ConnectionHandler;
import dev.gibbon.Headers;
import dev.gibbon.Listener;
import dev.gibbon.Upgrader;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.UpgradeReply;
import dev.gibbon.spi.UpgradeRequest;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.eclipse.jetty.http.HttpException;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.http.HttpStatus;
import org.eclipse.jetty.http.HttpVersion;
import org.eclipse.jetty.io.ByteBufferPool;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.ConnectionMetaData;
import org.eclipse.jetty.server.HttpStream;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.TunnelSupport;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Upgrades requests that a handler of Jetty's core has received: of HTTP/1.1, plain or with TLS (RFC 6455), and of
 * HTTP/2 (RFC 8441). Most applications name paths in a {@link GibbonHandler}; this is for handlers of their own.
 * Immutable, for any thread.
 *
 * <pre>{@code
 * public boolean handle(Request request, Response response, Callback callback) {
 *     return gibbon.upgrade(request, response, callback, ws -> ws.forEachMessage(ws::writeMessage));
 * }
 * }</pre>
 */
public final class GibbonJetty {
    private static final String WEBSOCKET = "websocket";

    private final WebSocketHost host;
    private final Upgrader upgrader;

    private GibbonJetty(WebSocketHost host, Upgrader upgrader) {
        this.host = host;
        this.upgrader = upgrader;
    }

    /**
     * {@return what upgrades requests} Cheap: one may be made for each request.
     *
     * @param host whose connections they become; to be closed before the server stops
     * @param upgrader checks the opening handshakes
     */
    public static GibbonJetty of(WebSocketHost host, Upgrader upgrader) {
        return new GibbonJetty(Objects.requireNonNull(host, "host"), Objects.requireNonNull(upgrader, "upgrader"));
    }

    /**
     * {@return whether a request asks for a WebSocket: by the field Upgrade of HTTP/1.1 (RFC 6455 §4.1), or by an
     * extended CONNECT of HTTP/2 (RFC 8441 §5)}
     *
     * @param request the request
     */
    public static boolean isUpgrade(Request request) {
        TunnelSupport tunnel = tunnel(request);
        return tunnel != null
                ? WEBSOCKET.equals(tunnel.getProtocol())
                : request.getHeaders().contains(HttpHeader.UPGRADE, WEBSOCKET);
    }

    /** {@return what an extended CONNECT has; null for a request of HTTP/1.1} */
    private static @Nullable TunnelSupport tunnel(Request request) {
        TunnelSupport tunnel = request.getTunnelSupport();
        return tunnel == null || tunnel.getProtocol() == null ? null : tunnel;
    }

    /**
     * Upgrades a request that asks for a WebSocket, and has a handler serve it on a virtual thread of its own: see
     * {@link WebSocketHost#serve}. A request that is no acceptable opening handshake is refused. Returns at once;
     * what the response has by then, cookies for instance, goes with the answer.
     *
     * @param request the request
     * @param response its response, of which nothing has been sent
     * @param callback completed once the request has been answered; untouched if this returns false
     * @param handler serves the connection
     * @return whether the request asks for a WebSocket; if not, nothing has been done and it is for others to answer
     */
    public boolean upgrade(Request request, Response response, Callback callback, ConnectionHandler handler) {
        Objects.requireNonNull(handler, "handler");
        return upgradeTo(Face.of(host, handler), request, response, callback);
    }

    /**
     * Upgrades a request that asks for a WebSocket, and gives it to a listener. See {@link
     * #upgrade(Request, Response, Callback, ConnectionHandler)}.
     *
     * @param request the request
     * @param response its response, of which nothing has been sent
     * @param callback completed once the request has been answered; untouched if this returns false
     * @param listener whose connection it is
     * @return whether the request asks for a WebSocket; if not, nothing has been done and it is for others to answer
     */
    public boolean upgrade(Request request, Response response, Callback callback, Listener listener) {
        Objects.requireNonNull(listener, "listener");
        return upgradeTo(Face.of(listener), request, response, callback);
    }

    private boolean upgradeTo(Face face, Request request, Response response, Callback callback) {
        if (!isUpgrade(request)) {
            return false;
        }
        UpgradeReply.Accepted accepted = acceptOrRefuse(request, response, callback);
        if (accepted != null) {
            open(accepted, face, request, response, callback);
        }
        return true;
    }

    /**
     * Upgrades a request that asks for a WebSocket to what is found for it once its handshake stands; {@return
     * whether anything was, or the request was refused}
     */
    boolean upgradeToFound(Face.Finder finder, Request request, Response response, Callback callback) throws Exception {
        UpgradeReply.Accepted accepted = acceptOrRefuse(request, response, callback);
        if (accepted == null) {
            return true;
        }
        Face face;
        try {
            face = finder.find();
        } catch (Throwable e) {
            accepted.close();
            throw e;
        }
        if (face == null) {
            accepted.close();
            return false;
        }
        open(accepted, face, request, response, callback);
        return true;
    }

    /** Tells a client that came by HTTP/1.1 and without Upgrade what is here (RFC 9110 §15.5.22). */
    boolean refusePlain(Request request, Response response, Callback callback) {
        if (request.getConnectionMetaData().getHttpVersion().getVersion() > HttpVersion.HTTP_1_1.getVersion()) {
            return false; // HTTP/2 has no Upgrade that the answer could name.
        }
        return acceptOrRefuse(request, response, callback) == null;
    }

    /** {@return what stands; null if the request is refused, which has been answered} */
    private UpgradeReply.@Nullable Accepted acceptOrRefuse(Request request, Response response, Callback callback) {
        return switch (host.reply(upgrader, asked(request), Headers.of())) {
            case UpgradeReply.Refused refused -> {
                answer(response, refused, ByteBuffer.wrap(refused.body()), callback);
                yield null;
            }
            case UpgradeReply.Accepted accepted -> accepted;
        };
    }

    private static UpgradeRequest asked(Request request) {
        ConnectionMetaData connection = request.getConnectionMetaData();
        Headers headers = headers(request);
        // The host's own idea of it: a customizer may have taken it from Forwarded.
        String authority = Objects.requireNonNullElse(request.getHttpURI().getAuthority(), "");
        TunnelSupport tunnel = tunnel(request);
        UpgradeRequest asked = tunnel != null
                ? UpgradeRequest.extendedConnect(tunnel.getProtocol(), authority, request.isSecure(), headers)
                : UpgradeRequest.http(
                        request.getMethod(),
                        connection.getHttpVersion().asString(),
                        authority,
                        request.isSecure(),
                        headers);
        asked = asked.at(Objects.requireNonNullElse(request.getHttpURI().getPath(), ""));
        SocketAddress peer = connection.getRemoteSocketAddress();
        return peer == null ? asked : asked.from(peer);
    }

    private static Headers headers(Request request) {
        Headers.Builder headers = Headers.builder();
        try {
            for (HttpField field : request.getHeaders()) {
                headers.add(field.getName(), Objects.requireNonNullElse(field.getValue(), ""));
            }
        } catch (IllegalArgumentException e) {
            throw new HttpException.RuntimeException(HttpStatus.BAD_REQUEST_400, e);
        }
        return headers.build();
    }

    private static void answer(Response response, UpgradeReply reply, ByteBuffer body, Callback callback) {
        response.setStatus(reply.status());
        for (Headers.Field field : reply.headers()) {
            response.getHeaders().add(field.name(), field.value());
        }
        response.write(true, body, callback);
    }

    private void open(
            UpgradeReply.Accepted accepted, Face face, Request request, Response response, Callback callback) {
        request.addHttpStreamWrapper(stream -> new Opening(stream, accepted));
        ConnectionMetaData meta = request.getConnectionMetaData();
        EndPoint below = meta.getConnection().getEndPoint();
        ByteBufferPool buffers = meta.getConnector().getByteBufferPool();
        TunnelSupport tunnel = tunnel(request);
        GibbonConnection connection = new GibbonConnection(
                tunnel == null ? below : tunnel.getEndPoint(),
                meta.getConnector(),
                end -> tunnel == null ? new EndPointStream(end, below, buffers) : new Http2Stream(end, below, buffers),
                host,
                accepted,
                face);
        request.setAttribute(HttpStream.UPGRADE_CONNECTION_ATTRIBUTE, connection);
        answer(response, accepted, ByteBuffer.allocate(0), callback);
    }

    /** A request whose connection opens when it has been answered, or never: then what was set aside is given back. */
    private static final class Opening extends HttpStream.Wrapper {
        private final UpgradeReply.Accepted accepted;

        Opening(HttpStream stream, UpgradeReply.Accepted accepted) {
            super(stream);
            this.accepted = accepted;
        }

        @Override
        public void succeeded() {
            try (accepted) {
                super.succeeded();
            }
        }

        @Override
        public void failed(Throwable failure) {
            try (accepted) {
                super.failed(failure);
            }
        }
    }
}
