// SPDX-License-Identifier: Apache-2.0
package dev.gibbon.helidon;

import dev.gibbon.CloseStatus;
import dev.gibbon.Connection;
import dev.gibbon.WebSocketHost;
import dev.gibbon.spi.UpgradeReply;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A connection of Helidon's that has become a WebSocket: its thread waits until that has ended. */
final class UpgradedConnection implements ServerConnection {
    private final ConnectionContext context;
    private final WebSocketHost host;
    private final UpgradeReply.Accepted accepted;
    private final Consumer<Connection> to;
    private volatile @Nullable Connection opened;

    UpgradedConnection(
            ConnectionContext context, WebSocketHost host, UpgradeReply.Accepted accepted, Consumer<Connection> to) {
        this.context = context;
        this.host = host;
        this.accepted = accepted;
        this.to = to;
    }

    @Override
    public void handle(Limit limit) throws InterruptedException {
        Connection connection = host.open(accepted, new HelidonTransport(context), ByteBuffer.allocate(0));
        opened = connection;
        to.accept(connection);
        try {
            CloseStatus _ = connection.closed().get();
        } catch (InterruptedException e) {
            connection.abort();
            throw e;
        } catch (ExecutionException e) {
            throw new IllegalStateException("the end of a connection does not fail", e);
        }
    }

    /** Never: a connection keeps its own time. */
    @Override
    public Duration idleTime() {
        return Duration.ZERO;
    }

    /** The server stops, and waits for nobody who has been upgraded. */
    @Override
    public void close(boolean interrupt) {
        Connection connection = opened;
        if (connection == null) {
            accepted.close();
        } else {
            connection.abort();
        }
    }
}
