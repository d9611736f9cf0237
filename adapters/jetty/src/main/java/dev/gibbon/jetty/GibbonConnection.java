// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.jetty;

import dev.gibbon.Connection;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.AsyncStream;
import dev.gibbon.spi.UpgradeReply;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.eclipse.jetty.io.AbstractConnection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.Connector;
import org.jspecify.annotations.Nullable;

/**
 * What Jetty puts in the place of its HTTP connection once the request has been answered. A plain socket is taken
 * from it: Gibbon's selector watches the channel, and Jetty keeps it registered without interest. The bytes of TLS
 * and of HTTP/2 go by Jetty's endpoint.
 */
final class GibbonConnection extends AbstractConnection implements org.eclipse.jetty.io.Connection.UpgradeTo {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final Function<EndPoint, AsyncStream> events;
    private final WebSocketHost host;
    private final UpgradeReply.Accepted accepted;
    private final Face face;

    /** What came behind the request. Jetty's thread that upgrades, only. */
    private ByteBuffer leftover = NOTHING;

    /** Null until it is open. */
    private volatile @Nullable Connection connection;

    /**
     * Opens a connection when Jetty upgrades to it.
     *
     * @param events the bytes of the endpoint by its events
     */
    GibbonConnection(
            EndPoint endPoint,
            Connector connector,
            Function<EndPoint, AsyncStream> events,
            WebSocketHost host,
            UpgradeReply.Accepted accepted,
            Face face) {
        super(endPoint, connector.getExecutor());
        this.events = events;
        this.host = host;
        this.accepted = accepted;
        this.face = face;
        // Jetty's statistics and limits count what is upgraded, too.
        connector.getEventListeners().forEach(this::addEventListener);
    }

    @Override
    public void onUpgradeTo(ByteBuffer buffer) {
        leftover = buffer;
    }

    @Override
    public void onOpen() {
        super.onOpen();
        EndPoint endPoint = getEndPoint();
        endPoint.setIdleTimeout(0); // Gibbon has time-outs of its own.
        Connection opened;
        try {
            opened = open(endPoint);
        } catch (IOException e) {
            endPoint.close(e); // The client was gone before.
            return;
        }
        leftover = NOTHING;
        connection = opened;
        face.take(opened);
        if (!endPoint.isOpen()) { // Its end may have come before it could be passed on.
            opened.abort();
        }
    }

    private Connection open(EndPoint endPoint) throws IOException {
        if (endPoint instanceof SocketChannelEndPoint socket) {
            // Closing the endpoint wakes Jetty's selector, without which a closed channel's
            // socket lives on.
            return host.open(accepted, socket.getChannel(), leftover, endPoint::close);
        }
        return host.open(accepted, events.apply(endPoint), leftover);
    }

    /** The endpoint is gone, since Jetty stops or its HTTP/2 connection has ended, or since we have closed it. */
    @Override
    public void onClose(@Nullable Throwable cause) {
        super.onClose(cause);
        Connection ended = connection;
        if (ended != null) {
            ended.abort();
        }
    }

    @Override
    public boolean onIdleExpired(TimeoutException timeout) {
        return false;
    }

    /** Not asked for: {@link EndPointStream} has callbacks of its own. */
    @Override
    public void onFillable() {}
}
